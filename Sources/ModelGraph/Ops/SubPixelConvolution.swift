import TensorStore

/// One position in the square of 2×2 pixels that a pixel is repeated to.
///
/// A 3×3 convolution sees only 2×2 different pixels of the original picture. Along one axis, outputs at even positions see pixels
/// −1, 0, 0 through the kernel's three elements, and outputs at odd positions see 0, 0, 1. Each position is therefore a 2×2
/// convolution, whose kernel elements are sums of the 3×3 kernel's elements.
struct SubPixel: Sendable {
    /// 0 or 1.
    let row: Int
    let column: Int

    /// All positions row by row, in the order of `Graph.depthToSpace`.
    static let all = [0, 1].flatMap { row in [0, 1].map { SubPixel(row: row, column: $0) } }

    /// The number of elements along an axis, of three, that add up to the first of two; the others add up to the second.
    static func split(_ parity: Int) -> Int { parity + 1 }

    /// The zero padding around the original picture.
    var padding: (begin: [Int], end: [Int]) { ([1 - row, 1 - column], [row, column]) }

    /// The elements of a 3×3 kernel that add up to each element of the 2×2 kernel: `[9, 4]` of ones and zeros.
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
    /// A 3×3 convolution of `x` `[B, C, H, W]` with every pixel repeated to 2×2, computed as four 2×2 convolutions of `x`: 16
    /// products in place of 36. The result is `[B, O, 2H, 2W]`.
    ///
    /// - Parameters:
    ///   - weights: `[O, C, 3, 3]`, in f32. The runtime adds up the kernels when it compiles.
    ///   - bias: `[1, O, 1, 1]`.
    ///   - name: the name of the layer; nodes append `[row,column]` to it.
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

    /// The same with the 2×2 kernels that `kernel` returns for each position. It receives a name for the nodes that it appends.
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
