import Foundation
import TensorStore
import TestSupport
import Testing

@testable import Hub

/// Archives with damage anywhere give their content or a typed error, never a trap.
@Suite struct ZipUnpackingTests {
    private static let entries: [(name: String, content: [UInt8])] = [
        ("a", Array(SampleModel.bytes(700))), ("b", []), ("c", Array("abc".utf8)),
    ]

    private func unpack(_ bytes: [UInt8], _ folder: TemporaryFolder, limit: Int = 10_000) throws -> [String: [UInt8]] {
        let zip = try ZipDirectory(MappedFile(path: folder.write("x.zip", bytes).path))
        var unpacking = ZipUnpacking(limit: limit)
        var contents: [String: [UInt8]] = [:]
        for name in zip.names {
            let output = try PartialFile(for: folder.url.appending(path: "out"))
            try output.clear()
            try unpacking.unpack(name, of: zip, named: "x.zip", to: output)
            contents[name] = try [UInt8](Data(contentsOf: PartialFile.url(folder.url.appending(path: "out"))))
        }
        return contents
    }

    @Test func contentsComeBack() throws {
        let folder = try TemporaryFolder()
        let expected = Dictionary(uniqueKeysWithValues: Self.entries.map { ($0.name, $0.content) })
        #expect(try unpack(TestZip.bytes(Self.entries), folder) == expected)
        #expect(try unpack(TestZip.bytes(Self.entries, stored: ["a", "b", "c"]), folder) == expected)
        #expect(throws: PackageError.self) { try unpack(TestZip.bytes(Self.entries), folder, limit: 702) }
    }

    @Test func damage() throws {
        let folder = try TemporaryFolder()
        let good = TestZip.bytes(Self.entries, stored: ["c"])
        let contents = Dictionary(uniqueKeysWithValues: Self.entries.map { ($0.name, $0.content) })
        var random = Dice()
        var refused = 0
        for round in 0..<4000 {
            var bytes = good
            switch round % 4 {
            case 0: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
            case 1: bytes[Int.random(in: 0..<bytes.count, using: &random)] = [0, 0xff, 0x7f].randomElement(using: &random) ?? 0
            default:
                for _ in 0..<(round % 4) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                }
            }
            do {
                // What comes is right: names may differ, and entries be missing, but no content is another.
                for (_, content) in try unpack(bytes, folder) { #expect(contents.values.contains(content)) }
            } catch {
                #expect(error is ZipError || error is PackageError || error is HubError, "\(error)")
                refused += 1
            }
        }
        #expect(refused > 1500)
    }
}

/// The same numbers each time.
private struct Dice: RandomNumberGenerator {
    private var state: UInt64 = 1

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        // The upper bits are the better ones.
        return state >> 32 | state << 32
    }
}
