import ModelGraph
import OpenVINO
import TensorStore
import Testing

/// Compiles in plain f32 and runs on `inputs`, in the order of the model's inputs.
func run(_ graph: Graph, _ inputs: [Tensor]) throws -> [Float] {
    let serialized = try graph.serialized()
    let model = try Core.shared.readModel(xml: serialized.xml, weights: serialized.weightsTensor())
    let request = try Core.shared.compile(model, properties: .exact).makeRequest()
    for (index, tensor) in inputs.enumerated() { try request.setInput(index, to: tensor) }
    try request.infer()
    return try request.outputTensor(0).elements()
}

/// Numbers that repeat from run to run, from −1 to 1 (a linear congruential generator).
func numbers(_ count: Int, seed: UInt64 = 1) -> [Float] {
    var state = seed
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(Int32(truncatingIfNeeded: state >> 32)) / Float(Int32.max)
    }
}

extension QuantizedWeightReading {
    /// The numbers that the codes stand for, with scales as stored, row-major in the layout's shape.
    static func dequantized(_ graph: Graph, _ name: String) throws -> [Float] {
        let codes = try #require(constant(graph, name))
        let scale = try #require(constant(graph, "\(name)/scale"))
        let zero = constant(graph, "\(name)/zero_point")
        let shape = try #require(codes.shape.fixed).dimensions
        let scaleShape = try #require(scale.shape.fixed).dimensions
        let integers = decode(codes.bytes, codes.type, shape.reduce(1, *))
        let zeros = zero.map { decode($0.bytes, $0.type, scaleShape.reduce(1, *)) }
        let scales: [Float] =
            scale.type == .f32
            ? scale.bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
            : scale.bytes.withUnsafeBytes { $0.bindMemory(to: UInt16.self).map(HalfPrecision.float(f16:)) }
        return integers.indices.map { index in
            var (rest, at, stride) = (index, 0, 1)
            for axis in shape.indices.reversed() {
                if scaleShape[axis] != 1 {
                    at += rest % shape[axis] * stride
                    stride *= shape[axis]
                }
                rest /= shape[axis]
            }
            return (integers[index] - (zeros?[at] ?? 0)) * scales[at]
        }
    }
}

/// Reads compressed constants back, by other code than wrote them.
enum QuantizedWeightReading {
    struct Constant {
        let type: ElementType
        let shape: PartialShape
        let bytes: [UInt8]
    }

    static func constant(_ graph: Graph, _ name: String) -> Constant? {
        guard let node = graph.nodes.first(where: { $0.name == name && $0.type == "Const" }), let data = node.constant else {
            return nil
        }
        return Constant(
            type: node.outputs[0].elementType, shape: node.outputs[0].shape, bytes: data.withUnsafeBytes { Array($0) })
    }

    private static let nf4: [Float] = [
        -1, -0.6961928, -0.52507305, -0.3949175, -0.28444138, -0.18477343, -0.091050036, 0, 0.0795803, 0.1609302, 0.2461123,
        0.33791524, 0.44070983, 0.562617, 0.72295684, 1,
    ]

    static func decode(_ bytes: [UInt8], _ type: ElementType, _ count: Int) -> [Float] {
        (0..<count).map { index in
            switch type {
            case .i8: return Float(Int8(bitPattern: bytes[index]))
            case .u8: return Float(bytes[index])
            default:
                let nibble = index % 2 == 0 ? bytes[index / 2] & 15 : bytes[index / 2] >> 4
                if type == .nf4 { return nf4[Int(nibble)] }
                return type == .i4 && nibble > 7 ? Float(nibble) - 16 : Float(nibble)
            }
        }
    }
}
