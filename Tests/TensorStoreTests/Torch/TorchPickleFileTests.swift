import Foundation
import TensorStore
import TestSupport
import Testing

struct TorchPickleFileTests {
    private static func golden(_ name: String) -> String { Goldens.url("Evaluation/\(name)").path }

    @Test func everyTensorOfAStateDict() throws {
        let file = try TorchPickleFile(path: Self.golden("state.pth"))
        let reference = try SafetensorsCheckpoint(path: Self.golden("state.safetensors"))
        #expect(Set(file.entries.keys) == Set(reference.entries.keys))
        for name in reference.entries.keys.sorted() {
            let (found, expected) = (try file.tensor(named: name), try reference.tensor(named: name))
            #expect(found.shape == expected.shape, "\(name)")
            guard found.elementType != .boolean else {
                #expect(found.withUnsafeBytes(Array.init) == [1, 0, 1])
                continue
            }
            #expect(try found.converted(to: .f32).elements(as: Float.self) == expected.elements(), "\(name)")
        }
    }

    @Test func typesAndLayouts() throws {
        let entries = try TorchPickleFile(path: Self.golden("state.pth")).entries
        let types = ["half": ElementType.f16, "bfloat": .bf16, "double": .f64, "bytes": .u8, "1.num_batches_tracked": .i64]
        for (name, type) in types { #expect(entries[name]?.elementType == type, "\(name)") }
        #expect(entries["shared"]?.isContiguous == true)
        #expect(entries["transposed"]?.isContiguous == false)
        #expect(entries["strided"]?.strides == [12, 2])
    }

    @Test func aStateDictWithinACheckpoint() throws {
        let file = try TorchPickleFile(path: Self.golden("nested.pth"))
        #expect(Array(file.entries.keys) == ["base"])
        #expect(try file.tensor(named: "base").elements(as: Float.self) == (0..<24).map { Float($0) / 8 })
    }

    @Test func nothingButTensorsIsUnpickled() throws {
        let path = Self.golden("forbidden.pth")
        #expect(throws: TorchFileError.forbidden(file: path, name: "__builtin__.complex")) { try TorchPickleFile(path: path) }
    }

    @Test func otherFiles() throws {
        let folder = try TemporaryFolder()
        let text = try folder.write("text.pth", "not a zip at all, but long enough to be one").path
        #expect(throws: TorchFileError.notAZip(.text("not a zip at all, but long enough to be one"), file: text)) {
            try TorchPickleFile(path: text)
        }
        let missing = folder.path + "/none.pth"
        #expect(throws: TorchFileError.file(.missing(path: missing))) { try TorchPickleFile(path: missing) }
        let file = try TorchPickleFile(path: Self.golden("state.pth"))
        #expect(throws: TorchFileError.missingEntry(file: file.path, entry: "none")) { try file.tensor(named: "none") }
    }

    /// Compression methods and byte order, set in the bytes of a good file.
    @Test func zipsThatTorchDoesNotWrite() throws {
        let folder = try TemporaryFolder()
        var bytes = [UInt8](try Data(contentsOf: Goldens.url("Evaluation/nested.pth")))
        let little = try #require(bytes.firstRange(of: Array("little".utf8)))
        bytes.replaceSubrange(little, with: Array("bigend".utf8))
        let bigEndian = try folder.write("big.pth", bytes).path
        #expect(throws: TorchFileError.bigEndian(file: bigEndian)) { try TorchPickleFile(path: bigEndian) }

        bytes.replaceSubrange(little, with: Array("little".utf8))
        let directory = try #require(bytes.firstRange(of: [0x50, 0x4b, 0x01, 0x02])).lowerBound
        bytes[directory + 10] = 8
        let compressed = try folder.write("deflated.pth", bytes).path
        let error = #expect(throws: TorchFileError.self) { try TorchPickleFile(path: compressed) }
        guard case .compressed = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// Damage anywhere gives tensors or a typed error, never a trap: every tensor is read.
    @Test func damage() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/damaged.pth"
        let good = [UInt8](try Data(contentsOf: Goldens.url("Evaluation/state.pth")))
        // The pickle, and what lies about it: the storages' own bytes can't do harm.
        let pickle = try #require(good.firstRange(of: Array("collections".utf8))).lowerBound
        let directory = try #require(good.firstRange(of: [0x50, 0x4b, 0x01, 0x02])).lowerBound
        var generator = SplitMix(state: 7)
        var refused = 0
        for round in 0..<800 {
            var bytes = good
            if round % 10 == 0 { bytes.removeLast(Int(generator.next() % UInt64(good.count))) }
            for _ in 0..<1 + round % 3 {
                let place =
                    round % 2 == 0
                    ? pickle + Int(generator.next() % 2500) : directory + Int(generator.next() % UInt64(good.count - directory))
                if place < bytes.count { bytes[place] = UInt8(truncatingIfNeeded: generator.next()) }
            }
            try Data(bytes).write(to: URL(filePath: path))
            do {
                let file = try TorchPickleFile(path: path)
                for name in file.entries.keys { _ = try file.tensor(named: name).withUnsafeBytes { $0.reduce(0) { $0 ^ $1 } } }
            } catch let error as TorchFileError {
                #expect(!error.description.isEmpty)
                refused += 1
            }
        }
        #expect(refused > 130)
    }
}

/// A small generator whose numbers are the same at every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
