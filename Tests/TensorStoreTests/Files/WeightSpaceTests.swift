import Foundation
import TensorStore
import Testing

@Suite struct WeightSpaceTests {
    @Test func laysFilesSideBySideAndInlineBytesLast() throws {
        try withTemporaryFolder { folder in
            let page = Int(getpagesize())
            let contents = [
                [UInt8](repeating: 1, count: page + 1), [], [UInt8](repeating: 2, count: 3), [UInt8](repeating: 3, count: page),
            ]
            let files = try contents.enumerated().map { try MappedFile(path: try folder.write("\($0)", $1)) }
            let space = try WeightSpace(files: files, inline: [7, 8, 9])
            #expect(space.fileOffsets == [0, 2 * page, 2 * page, 3 * page])
            #expect(space.inlineOffset == 4 * page)
            #expect(space.bytes.count == 4 * page + 3)
            for (file, content) in zip(files, contents) {
                #expect(Array(space.bytes[space.offset(of: file)..<space.offset(of: file) + file.byteCount]) == content)
            }
            #expect(Array(space.bytes[space.inlineOffset...]) == [7, 8, 9])
            #expect(space.bytes[page + 1..<2 * page].allSatisfy { $0 == 0 })
            withExtendedLifetime(space) {}
        }
    }

    @Test func holdsNothingAndInlineBytesAlone() throws {
        #expect(try WeightSpace(files: []).bytes.isEmpty)
        let space = try WeightSpace(files: [], inline: [5])
        withExtendedLifetime(space) { #expect(Array(space.bytes) == [5]) }
    }

    @Test func keepsTheFilesAlive() throws {
        try withTemporaryFolder { folder in
            let space = try WeightSpace(files: [try MappedFile(path: try folder.write("a", "hello"))])
            try FileManager.default.removeItem(atPath: folder + "/a")
            #expect(Array(space.bytes) == Array("hello".utf8) + [UInt8](repeating: 0, count: Int(getpagesize()) - 5))
            withExtendedLifetime(space) {}
        }
    }

    @Test func droppedPagesLeaveMemoryAndComeBack() throws {
        try withTemporaryFolder { folder in
            let content = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let file = try MappedFile(path: try folder.write("a", content))
            let space = try WeightSpace(files: [file], inline: [7])
            #expect(try residentByteCount(space.bytes) == Int(getpagesize()), "only the inline bytes")
            #expect(Array(space.bytes.prefix(content.count)) == content)
            #expect(try residentByteCount(space.bytes) > content.count)
            #expect(Array(file.bytes) == content)
            space.dropPages()
            #expect(try residentByteCount(space.bytes) == Int(getpagesize()))
            #expect(try residentByteCount(file.bytes) == 0)
            #expect(Array(space.bytes.prefix(content.count)) == content)
            #expect(space.bytes[space.inlineOffset] == 7)
            withExtendedLifetime((file, space)) {}
        }
    }

    @Test func gigabytesCostNothing() throws {
        try withTemporaryFolder { folder in
            let path = try folder.write("sparse", "")
            #expect(truncate(path, 8 << 30) == 0)
            let files = [try MappedFile(path: path), try MappedFile(path: path)]
            let space = try WeightSpace(files: files)
            #expect(space.bytes.count == 16 << 30)
            #expect(space.bytes[space.bytes.count - 1] == 0)
            #expect(try residentByteCount(space.bytes) <= 1 << 20)
            withExtendedLifetime(space) {}
        }
    }

    @Test func refusesAFileThatChanged() throws {
        try withTemporaryFolder { folder in
            let path = try folder.write("a", "hello")
            let file = try MappedFile(path: path)
            #expect(truncate(path, 2) == 0)
            #expect(throws: FileError.self) { try WeightSpace(files: [file]) }
        }
    }

    /// How much of the mappings that start within `bytes` is in memory, as the kernel says.
    private func residentByteCount(_ bytes: UnsafeRawBufferPointer) throws -> Int {
        let first = UInt(bitPattern: bytes.baseAddress)
        var isInside = false
        var total = 0
        // `Data(contentsOf:)` stops after a page of such files.
        let smaps = try #require(try FileHandle(forReadingFrom: URL(filePath: "/proc/self/smaps")).readToEnd())
        for line in String(decoding: smaps, as: UTF8.self).split(separator: "\n") {
            if let start = line.split(separator: "-").first.flatMap({ UInt($0, radix: 16) }), line.contains("-") {
                isInside = start >= first && start < first + UInt(bytes.count)
            } else if isInside, line.hasPrefix("Rss:") {
                total += line.split(separator: " ").compactMap { Int($0) }.reduce(0, +) << 10
            }
        }
        return total
    }
}
