import TensorStore

/// One place in each square of 2×2 pixels that a pixel is repeated to.
///
/// A 3×3 convolution sees only 2×2 different pixels of the picture as it was: along one axis the outputs at an even place see
/// pixels −1, 0, 0 through the kernel's three elements, those at an odd place 0, 0, 1. So it is one of 2×2 for each place, whose
/// kernels are sums of the 3×3 kernel's elements.
struct SubPixel: Sendable {
    /// 0 or 1.
    let row: Int
    let column: Int

    /// Row by row, the order of `Graph.depthToSpace`.
    static let all = [0, 1].flatMap { row in [0, 1].map { SubPixel(row: row, column: $0) } }

    /// How many of the three elements along an axis add up to the first of two; the others add up to the second.
    static func split(_ parity: Int) -> Int { parity + 1 }

    /// Zeros around the picture as it was.
    var padding: (begin: [Int], end: [Int]) { ([1 - row, 1 - column], [row, column]) }

    /// Which elements of a 3×3 kernel add up to each of the 2×2: `[9, 4]` of ones and zeros.
    var sums: [Float] {
        var sums = [Float](repeating: 0, count: 36)
        for i in 0..<3 {
            for j in 0..<3 {
                let target = (i < Self.split(row) ? 0 : 2) + (j < Self.split(column) ? 0 : 1)
                sums[(3 * i + j) * 4 + target] = 1
            }
        }
        return sums
    }
}

extension Graph {
    /// A 3×3 convolution of `x` `[B, C, H, W]` with every pixel repeated to 2×2, in four convolutions of 2×2 on `x` itself: 16
    /// products in place of 36. `[B, O, 2H, 2W]`.
    ///
    /// - Parameters:
    ///   - weights: `[O, C, 3, 3]`, in f32. The runtime adds up the kernels when it compiles.
    ///   - bias: `[1, O, 1, 1]`.
    ///   - name: of the layer; nodes have it before `[row,column]`.
    public mutating func upsampledConvolution(
        _ x: Value, _ weights: Value, bias: Value? = nil, name: String
    ) throws(GraphError) -> Value {
        guard let shape = weights.shape.fixed, shape.rank == 4, shape[2] == 3, shape[3] == 3 else {
            throw refusal("Convolution", [x, weights], "the weights must be [O, C, 3, 3]", name: name)
        }
        let (outputs, inputs) = (shape[0], shape[1])
        let kernel = try reshape(weights, to: [outputs * inputs, 9])
        return try upsampledConvolution(x, bias: bias, name: name) { (graph, place, name) throws(GraphError) in
            let sums = graph.constant(place.sums, shape: [9, 4], name: "\(name)/sums")
            return try graph.reshape(graph.matMul(kernel, sums), to: [outputs, inputs, 2, 2], name: "\(name)/kernel")
        }
    }

    /// The same with 2×2 kernels that `kernel` makes for each place, given the name for what it appends.
    mutating func upsampledConvolution(
        _ x: Value, bias: Value?, name: String, kernel: (inout Graph, SubPixel, String) throws(GraphError) -> Value
    ) throws(GraphError) -> Value {
        var parts: [Value] = []
        for place in SubPixel.all {
            let prefix = "\(name)[\(place.row),\(place.column)]"
            let weights = try kernel(&self, place, prefix)
            var part = try convolution(
                x, weights, padding: place.padding.begin, paddingEnd: place.padding.end, name: "\(prefix)/Convolution")
            if let bias { part = try add(part, bias, name: "\(prefix)/Add") }
            parts.append(part)
        }
        let joined = try concatenate(parts, axis: 1, name: "\(name)/Concat")
        return try depthToSpace(joined, blockSize: 2, name: "\(name)/DepthToSpace")
    }
}
