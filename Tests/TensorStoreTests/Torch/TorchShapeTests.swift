import Foundation
import TensorStore
import TestSupport
import Testing

/// Shapes, strides and offsets of any size in files of `torch.save`.
@Suite struct TorchShapeTests {
    private static let huge = Int.max

    /// A state dict with the tensor `x`: a view of 4 floats.
    private func read(shape: [Int], strides: [Int], offset: Int = 0) throws -> Tensor {
        let folder = try TemporaryFolder()
        let path = try folder.write("x.pth", torchFile(shape: shape, strides: strides, offset: offset, elementCount: 4)).path
        return try TorchPickleFile(path: path).tensor(named: "x")
    }

    @Test func viewsAreRead() throws {
        #expect(try read(shape: [2, 2], strides: [2, 1]).elements() == [0, 1, 2, 3] as [Float])
        #expect(try read(shape: [2, 2], strides: [1, 2]).elements() == [0, 2, 1, 3] as [Float])
        #expect(try read(shape: [2], strides: [1], offset: 2).elements() == [2, 3] as [Float])
    }

    /// A stride that is never taken may be anything.
    @Test func stridesOfSingleElements() throws {
        #expect(try read(shape: [1, 4], strides: [Self.huge, 1]).elements() == [0, 1, 2, 3] as [Float])
        #expect(try read(shape: [2, 1, 2], strides: [1, Self.huge, 2]).elements() == [0, 2, 1, 3] as [Float])
        #expect(try read(shape: [1, 1], strides: [Self.huge, Self.huge], offset: 3).elements() == [3] as [Float])
        #expect(try read(shape: [0, 3], strides: [Self.huge, Self.huge]).elementCount == 0)
    }

    @Test(
        arguments: [
            ([0, huge, huge], [1, 1, 1], 0), ([huge, huge, 0], [1, 1, 1], 0), ([huge, 0, 2], [0, 0, 0], 0),
            ([1 << 40, 1 << 40], [1, 1], 0), ([2], [huge], 0), ([2, 2], [huge, huge], 0), ([1], [1], huge), ([4], [1], 1),
            ([-1], [1], 0), ([2], [-1], 1), ([5], [0], 0), ([4], [1, 1], 0),
        ] as [([Int], [Int], Int)]) func viewsOfNothing(_ shape: [Int], _ strides: [Int], _ offset: Int)
    {
        let error = #expect(throws: TorchFileError.self) { try read(shape: shape, strides: strides, offset: offset) }
        guard case .tensor(_, "x", _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    // MARK: Writing

    private func torchFile(shape: [Int], strides: [Int], offset: Int, elementCount: Int) -> [UInt8] {
        func text(_ text: String) -> [UInt8] { [0x58] + bytes(text.utf8.count, 4) + text.utf8 }
        func integer(_ number: Int) -> [UInt8] { [0x8A, 8] + bytes(number, 8) }
        func tuple(_ numbers: [Int]) -> [UInt8] { [0x28] + numbers.flatMap(integer) + [0x74] }
        var pickle: [UInt8] = [0x80, 2, 0x7D] + text("x") + "ctorch._utils\n_rebuild_tensor_v2\n".utf8
        pickle += [0x28, 0x28] + text("storage") + "ctorch\nFloatStorage\n".utf8
        pickle += text("0") + text("cpu") + integer(elementCount) + [0x74, 0x51]
        pickle += integer(offset) + tuple(shape) + tuple(strides)
        pickle += [0x89] + "ccollections\nOrderedDict\n".utf8 + [0x29, 0x52, 0x74, 0x52, 0x73, 0x2E]
        let elements = (0..<elementCount).flatMap { bytes(Int(Float($0).bitPattern), 4) }
        return zip([("x/data.pkl", pickle), ("x/data/0", elements)])
    }

    /// A zip of entries that are stored, without their checksums.
    private func zip(_ entries: [(name: String, content: [UInt8])]) -> [UInt8] {
        var (file, directory): ([UInt8], [UInt8]) = ([], [])
        for (name, content) in entries {
            let sizes = bytes(content.count, 4) + bytes(content.count, 4) + bytes(name.utf8.count, 2)
            directory += bytes(0x0201_4B50, 4) + [UInt8](repeating: 0, count: 16) + sizes + [UInt8](repeating: 0, count: 12)
            directory += bytes(file.count, 4) + name.utf8
            file +=
                bytes(0x0403_4B50, 4) + [UInt8](repeating: 0, count: 10) + [0, 0, 0, 0] + sizes + [0, 0] + name.utf8 + content
        }
        let end =
            [UInt8](repeating: 0, count: 4) + bytes(entries.count, 2) + bytes(entries.count, 2)
            + bytes(directory.count, 4) + bytes(file.count, 4) + [0, 0]
        return file + directory + bytes(0x0605_4B50, 4) + end
    }

    /// A little-endian number.
    private func bytes(_ number: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}
