import Foundation
import TestSupport

/// Draws of PyTorch's and NumPy's generators: `Tests/Goldens/Diffusion/noise/make.py`.
struct NoiseGoldens: Decodable {
    struct Case: Decodable {
        /// As text, since it can be below 0 or above `Int64.max`.
        let seed: String
        let draws: [Draw]
    }

    struct Draw: Decodable {
        let count: Int
        /// FNV-1a over all bytes.
        let hash: String
        /// Of all numbers, or of the first and last four.
        let bits: [String]
    }

    let torch: [Case]
    let numpy: [Case]

    static func load() throws -> NoiseGoldens {
        try JSONDecoder().decode(NoiseGoldens.self, from: Data(contentsOf: Goldens.url("Diffusion/noise/noise.json")))
    }

    /// FNV-1a, 64 bits, as 16 hexadecimal digits.
    static func hash(_ bytes: UnsafeRawBufferPointer) -> String {
        let state = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The bit patterns that a draw's record keeps.
    static func kept<Bits: FixedWidthInteger>(_ bits: [Bits], of draw: Draw) -> [String] {
        (draw.bits.count == bits.count ? bits : Array(bits.prefix(4) + bits.suffix(4))).map { String($0) }
    }
}
