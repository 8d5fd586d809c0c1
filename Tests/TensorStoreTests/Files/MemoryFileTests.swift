import Foundation
import Glibc
import TensorStore
import Testing

/// `MappedFile` over bytes in memory.
@Suite struct MemoryFileTests {
    private static let pattern = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) }

    private func file(_ content: [UInt8] = pattern) throws -> MappedFile {
        try MappedFile(inMemory: "weights", byteCount: content.count) { $0.copyBytes(from: content) }
    }

    @Test func bytesAreThoseThatWereWritten() throws {
        let file = try file()
        #expect(file.isInMemory && file.path == "weights" && file.byteCount == Self.pattern.count)
        #expect(file.withUnsafeBytes { Array($0) } == Self.pattern)
        try file.checkUnchanged()
        #expect(try MappedFile(inMemory: "empty", byteCount: 0) { _ in Issue.record("filled") }.byteCount == 0)
        #expect(throws: FileError.self) { try MappedFile(inMemory: "negative", byteCount: -1) { _ in } }
        #expect(throws: CancellationError.self) { try MappedFile(inMemory: "x", byteCount: 1) { _ in throw CancellationError() } }
    }

    /// Pages that exist in memory alone would come back as zeros if they were dropped.
    @Test func droppingPagesNeverLosesThem() throws {
        try withTemporaryFolder { folder in
            let memory = try file()
            let disk = try MappedFile(path: try folder.write("a", Self.pattern))
            let space = try WeightSpace(files: [disk, memory], inline: [7])
            for _ in 0..<3 {
                memory.dropPages()
                space.dropPages()
                #expect(memory.withUnsafeBytes { Array($0) } == Self.pattern)
                for file in [disk, memory] {
                    let offset = space.offset(of: file)
                    #expect(Array(space.bytes[offset..<offset + file.byteCount]) == Self.pattern)
                }
                #expect(space.bytes[space.inlineOffset] == 7)
            }
            withExtendedLifetime(space) {}
        }
    }

    /// A space maps the same pages again: the file's object need not live, and nothing is copied.
    @Test func aSpaceKeepsTheBytes() throws {
        let space = try WeightSpace(files: [file()])
        space.dropPages()
        #expect(Array(space.bytes.prefix(Self.pattern.count)) == Self.pattern)
        withExtendedLifetime(space) {}
    }

    @Test func checkpointsInMemory() throws {
        let path = "types.safetensors".golden
        let bytes = try content(path)
        let disk = try SafetensorsCheckpoint(path: path)
        let memory = SafetensorsCheckpoint(try SafetensorsFile(file(bytes)))
        #expect(memory.path == "weights")
        #expect(Set(memory.entries.keys) == Set(disk.entries.keys))
        for name in disk.entries.keys {
            let (found, expected) = (try memory.tensor(named: name), try disk.tensor(named: name))
            #expect(found.shape == expected.shape && found.elementType == expected.elementType)
            #expect(found.withUnsafeBytes(Array.init) == expected.withUnsafeBytes(Array.init), "\(name)")
        }
        let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(file(Array(bytes.prefix(20)))) }
        #expect(error?.description.contains("weights") == true)
    }
}
