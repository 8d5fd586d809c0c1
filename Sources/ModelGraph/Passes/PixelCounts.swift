import TensorStore

extension Graph {
    /// The approximate number of pixels of the picture `[B, C, H, W]` that each node computes, for inputs of `shapes`; 0 for
    /// nodes that depend on no picture.
    ///
    /// Use it only for choices that affect speed: in a graph with dynamic shapes, the effect of each operation on sizes is
    /// followed without rounding.
    func pixelCounts(_ shapes: [String: PartialShape]) -> [Int] {
        var counts: [Int] = []
        counts.reserveCapacity(nodes.count)
        for node in nodes {
            let known = node.outputs.first?.shape.pixelCount
            // The first that has any: attention reads queries first, and keys and values of something else after them.
            let before = node.inputs.lazy.map { counts[$0.node] }.first { $0 > 0 } ?? 0
            let count: Int? =
                switch node.type {
                case "Const": 0
                case "Parameter": node.outputs[0].names.lazy.compactMap { shapes[$0]?.pixelCount }.first ?? known
                case "Convolution": known ?? before / max((node.integers("strides") ?? []).reduce(1, saturatingProduct), 1)
                case "Interpolate": known ?? saturatingProduct(before, 4) // nearest neighbours, doubled
                case "DepthToSpace":
                    known ?? saturatingProduct(before, node.integer("block_size").map { saturatingProduct($0, $0) } ?? 1)
                default: known ?? before
                }
            counts.append(count ?? 0)
        }
        return counts
    }
}

extension PartialShape {
    /// The number of pixels of a picture `[B, C, H, W]` of known size.
    fileprivate var pixelCount: Int? {
        guard let dimensions, dimensions.count == 4, let height = dimensions[2].fixedValue, let width = dimensions[3].fixedValue
        else { return nil }
        return saturatingProduct(height, width)
    }
}

/// The product, or the largest number where it overflows: attributes of IR may hold any number.
private func saturatingProduct(_ a: Int, _ b: Int) -> Int {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? .max : product
}
