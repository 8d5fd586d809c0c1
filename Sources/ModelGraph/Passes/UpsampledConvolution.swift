import TensorStore

/// Interpolate → [FakeQuantize] → Convolution → [Add], of which each alone reads the one before.
struct UpsampledConvolution {
    /// What is interpolated.
    var x: Value
    /// Indices of the nodes.
    var rounding: Int?
    var convolution: Int
    /// The node whose result takes the place of all: the addition, or the convolution.
    var last: Int
    var bias: Value?
    let ranges: [Value]

    /// What the pattern reads beside weights.
    var reads: [Value] { [x] + ranges + (bias.map { [$0] } ?? []) }
}

extension Graph {
    /// In the graph's order.
    var upsampledConvolutionPatterns: [UpsampledConvolution] {
        let interpolations = nodes.indices.filter { nodes[$0].type == "Interpolate" && repeatsPixels($0) }
        if interpolations.isEmpty { return [] }
        let (uses, isConstant) = (uses, constantNodes)
        return interpolations.compactMap { pattern($0, uses, isConstant) }
    }

    private func pattern(_ interpolation: Int, _ uses: [Value: [Use]], _ isConstant: [Bool]) -> UpsampledConvolution? {
        func onlyReader(_ index: Int) -> Use? {
            guard let readers = uses[value(index)], readers.count == 1 else { return nil }
            return readers[0]
        }
        guard var reader = onlyReader(interpolation), reader.port == 0 else { return nil }
        var rounding: Int?
        if nodes[reader.node].type == "FakeQuantize" {
            rounding = reader.node
            // One range, or one a channel.
            let ranges = nodes[reader.node].inputs.dropFirst()
            let areOfChannels = ranges.allSatisfy { range in
                guard isConstant[range.node], let shape = range.shape.fixed, shape.rank <= 4 else { return false }
                return shape.suffix(2).allSatisfy { $0 == 1 }
            }
            guard areOfChannels, let next = onlyReader(reader.node), next.port == 0 else { return nil }
            reader = next
        }
        let convolution = reader.node
        guard isPlain3x3(nodes[convolution]), isConstant[nodes[convolution].inputs[1].node],
            let outputs = nodes[convolution].inputs[1].shape.fixed?[0]
        else { return nil }
        var found = UpsampledConvolution(
            x: nodes[interpolation].inputs[0], rounding: rounding, convolution: convolution, last: convolution,
            ranges: rounding.map { Array(nodes[$0].inputs.dropFirst()) } ?? [])
        if let next = onlyReader(convolution), nodes[next.node].type == "Add", nodes[next.node].inputs.count == 2 {
            let bias = nodes[next.node].inputs[1 - next.port]
            if isConstant[bias.node], bias.shape == [1, .fixed(outputs), 1, 1] { (found.last, found.bias) = (next.node, bias) }
        }
        return found
    }

    /// Whether an interpolation makes 2×2 of each pixel, as far as can be told.
    private func repeatsPixels(_ index: Int) -> Bool {
        let node = nodes[index]
        // Before opset 11 sizes and scales are inputs of their own.
        let isOld = node.opset == "opset4"
        guard isOld || node.opset == "opset11", node.inputs.count == (isOld ? 4 : 3), node[attribute: "mode"] == "nearest",
            node[attribute: "coordinate_transformation_mode"] == "asymmetric", node[attribute: "nearest_mode"] == "floor",
            ["false", "0", nil].contains(node[attribute: "antialias"]),
            ["pads_begin", "pads_end"].allSatisfy({ numbers(node[attribute: $0])?.allSatisfy { $0 == 0 } ?? true }),
            node.inputs[0].elementType == .f32, node.inputs[0].shape.rank == 4, integers(node.inputs[isOld ? 3 : 2]) == [2, 3],
            let input = node.inputs[0].shape.dimensions, let output = node.outputs[0].shape.dimensions, output.count == 4
        else { return false }
        func isTwice(_ sizes: [Dimension]) -> Bool {
            zip(input[2...], sizes).allSatisfy { size, larger in size.fixedValue.map { larger == .fixed(2 * $0) } ?? false }
        }
        switch node[attribute: "shape_calculation_mode"] {
        case "scales": return floats(node.inputs[isOld ? 2 : 1]) == [2, 2]
        case "sizes":
            if let sizes = integers(node.inputs[1]) { return sizes.count == 2 && isTwice(sizes.map(Dimension.fixed)) }
            guard isMadeOfShapes(node.inputs[1]) else { return false }
            // What is known may say otherwise.
            return zip(input[2...], output[2...]).allSatisfy { ($0 * 2).isCompatible(with: $1) }
        default: return false
        }
    }

    /// Whether a value depends on inputs of the model by the shapes of tensors alone.
    private func isMadeOfShapes(_ value: Value) -> Bool {
        var open = [value.node]
        var seen: Set<Int> = []
        while let index = open.popLast() {
            guard seen.insert(index).inserted, nodes[index].type != "ShapeOf" else { continue }
            if nodes[index].inputs.isEmpty, nodes[index].type != "Const" { return false }
            open += nodes[index].inputs.map(\.node)
        }
        return true
    }

    /// Whether a node is a convolution with weights `[O, C, 3, 3]` that makes an output of each pixel.
    private func isPlain3x3(_ node: Node) -> Bool {
        guard node.type == "Convolution", node.inputs.count == 2, let weights = node.inputs[1].shape.fixed, weights.rank == 4
        else { return false }
        return weights[2] == 3 && weights[3] == 3 && node.inputs[1].elementType == .f32
            && ["explicit", nil].contains(node[attribute: "auto_pad"])
            && ["strides", "dilations", "pads_begin", "pads_end"].allSatisfy { numbers(node[attribute: $0]) == [1, 1] }
    }

    private func numbers(_ attribute: String?) -> [Int]? {
        guard let attribute else { return nil }
        let numbers = attribute.split(separator: ",").map { Int($0.filter { !$0.isWhitespace }) }
        return numbers.contains(nil) ? nil : numbers.compactMap(\.self)
    }

    /// A constant vector of integers.
    private func integers(_ value: Value) -> [Int]? {
        switch value.elementType {
        case .i64: elements(value, Int64.self)?.map(Int.init)
        case .i32: elements(value, Int32.self)?.map(Int.init)
        default: nil
        }
    }

    private func floats(_ value: Value) -> [Float]? { value.elementType == .f32 ? elements(value, Float.self) : nil }

    private func elements<Element: BitwiseCopyable>(_ value: Value, _ type: Element.Type) -> [Element]? {
        let size = MemoryLayout<Element>.size
        return nodes[value.node].constant?.withUnsafeBytes { bytes in
            (0..<bytes.count / size).map { bytes.loadUnaligned(fromByteOffset: $0 * size, as: type) }
        }
    }
}
