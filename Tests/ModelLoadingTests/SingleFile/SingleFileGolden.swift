import Architectures
import Foundation
import ModelGraph
@testable import ModelLoading
import TensorStore
import TestSupport
import Testing

/// A small model in one file, and what diffusers makes of it: `Tests/Goldens/ModelLoading/single-file/make.py`.
struct SingleFileGolden: Sendable, CustomTestStringConvertible {
    let name: String
    var testDescription: String { name }

    static let all = ["sd1-inpaint", "sd2", "sdxl"].map(SingleFileGolden.init)

    var url: URL { Goldens.url("ModelLoading/single-file/\(name).safetensors") }

    func expected() throws -> JSONValue { try JSONFile.read(Goldens.url("ModelLoading/single-file/\(name).json")) }

    /// Writes the file's tensors, changed, to `url`.
    func write(
        to url: URL, metadata: [String: String]? = nil, adding others: [String: Tensor] = [:],
        changing change: (String, Tensor) throws -> [(String, Tensor)] = { [($0, $1)] }
    ) throws {
        let checkpoint = try SafetensorsCheckpoint(path: self.url.path)
        var writer = SafetensorsWriter(metadata: metadata)
        for name in checkpoint.entries.keys.sorted() {
            for (name, tensor) in try change(name, checkpoint.tensor(named: name)) { try writer.add(name, tensor) }
        }
        for (name, tensor) in others { try writer.add(name, tensor) }
        try writer.write(to: url.path)
    }
}

extension Weights.Entry {
    /// The upper half of FNV-1a of the bytes that `shape` is of, as the golden has it.
    func digest() -> String {
        let bytes = data.withUnsafeBytes(Array.init)
        var ordered = bytes
        if isTransposed, let width = elementType.bitWidth.map({ $0 / 8 }) {
            let (rows, columns) = (shape[0], shape[1])
            ordered = (0..<rows).flatMap { row in
                (0..<columns).flatMap { column in
                    let start = (column * rows + row) * width
                    return bytes[start..<start + width]
                }
            }
        }
        var state: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in ordered { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let digits = String(state >> 32, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
