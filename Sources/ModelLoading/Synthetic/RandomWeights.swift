import Foundation
import TensorStore

/// Random weights of one layer, of the size that training would give them.
struct RandomWeights {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    /// f16 values for the tensor called `name`: matrices and kernels normal with variance 1 over the inputs of an output;
    /// scales of normalizations about 1; biases small.
    mutating func tensor(_ name: String, _ shape: Shape) throws -> Tensor {
        let (mean, deviation): (Float, Float) =
            if shape.rank > 1 {
                (0, 1 / Float(max(shape.dropFirst().reduce(1, *), 1)).squareRoot())
            } else if name.hasSuffix("weight") {
                (1, 0.02)
            } else {
                (0, 0.02)
            }
        // Values are taken from a table, which is what makes a thousand million of them a matter of seconds.
        let table = Self.normals.map { HalfPrecision.f16(mean + deviation * $0) }
        let count = shape.reduce(1, *)
        var values = [UInt16](repeating: 0, count: count)
        for index in stride(from: 0, to: count, by: 4) {
            var random = next()
            for place in index..<min(index + 4, count) {
                values[place] = table[Int(random & 0xFFFF)]
                random >>= 16
            }
        }
        return try values.withUnsafeBytes { try Tensor(copying: $0, shape: shape, of: .f16) }
    }

    /// xorshift64*.
    private mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }

    /// 65,536 standard normal values by Box and Muller's method, none of them nearer to 0 than 1/1000.
    private static let normals: [Float] = {
        var generator = RandomWeights(seed: 1)
        func uniform() -> Double { (Double(generator.next() >> 11) + 0.5) / 0x1p53 }
        return (0..<65_536).map { _ in
            let value = Float((-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform()))
            return abs(value) < 0.001 ? 0.001 : value
        }
    }()
}
