import ModelGraph
import TensorStore

/// A layer of one LoRA of a set, matched to a module.
struct PlacedLayer {
    /// Index of the LoRA in the set.
    let item: Int
    let layer: LoRALayer
    let scale: Float
    let file: String

    /// - Throws: `LoRAError.shape` unless the layer fits the module at every place that uses its weights.
    func check(fits path: String, _ sites: [AdaptedSite]) throws(LoRAError) {
        let outputs = sites.map { $0.rows?.upperBound ?? $0.shape[0] }.max() ?? 0
        for site in sites {
            let isLinear = site.shape.rank == 2
            let kernel = isLinear ? (height: 1, width: 1) : (height: site.shape[2], width: site.shape[3])
            let (difference, inputs) = (layer.difference, site.shape[1])
            let fits =
                layer.outputs == outputs && (site.rows != nil || site.shape[0] == outputs)
                && layer.columns == site.shape.dropFirst().reduce(1, *) && (difference.kernel ?? kernel) == kernel
            guard fits else {
                let (entry, expected) = difference.misfit(
                    isLinear ? [outputs, inputs] : [outputs, inputs, kernel.height, kernel.width])
                let module = "'\(path)', which is \(isLinear ? "linear" : "a convolution")"
                throw .shape(key: entry.name, expected: "\(expected) to fit \(module)", found: entry.shape, file: file)
            }
            if let magnitude = layer.magnitude, magnitude.axis == .inputs, magnitude.entry.shape[1] != inputs {
                throw .shape(
                    key: magnitude.entry.name, expected: "[1, \(inputs)] to fit '\(path)'", found: magnitude.entry.shape,
                    file: file)
            }
        }
    }
}

/// The change at one place of a graph.
struct Adaptation {
    let path: String
    let site: AdaptedSite
    /// One or more, in the order of the set.
    let layers: [PlacedLayer]

    /// The prefix of the names of added nodes.
    var name: String { site.rows.map { "\(path)[\($0.lowerBound)..<\($0.upperBound)]/lora" } ?? "\(path)/lora" }
}

extension Graph {
    /// A tensor of a LoRA file as a constant of `type`, reshaped to `shape`, which has as many elements.
    /// - Parameter rows: the rows to take on the first axis of `shape`; nil for all.
    mutating func lora(
        _ entry: TensorEntry, _ shape: Shape, rows: Range<Int>? = nil, type: ElementType, name: String
    ) -> Value {
        var (shape, offset, byteCount) = (shape, entry.offset, entry.byteCount)
        if let rows {
            let rowBytes = byteCount / shape[0]
            (offset, byteCount) = (offset + rows.lowerBound * rowBytes, rows.count * rowBytes)
            shape[0] = rows.count
        }
        let stored = constant(.file(entry.file, offset: offset, byteCount: byteCount), entry.elementType, shape, name: name)
        return entry.elementType == type ? stored : convert(stored, to: type, name: "\(name)/convert")
    }

    /// Rows of a matrix for a place multiplied by alpha / rank, `scale`, and the smoothing's output factors.
    mutating func scaled(
        _ rows: Value, _ placed: PlacedLayer, _ site: AdaptedSite, scale: Float, name: String
    ) throws(GraphError) -> Value {
        var rows = rows
        if let factors = site.smoothing.outputs {
            let column = constant(factors, shape: [factors.count, 1])
            rows = try multiply(rows, converted(column, to: rows.elementType))
        }
        let factor = placed.layer.factor * scale
        guard factor != 1 else { return rows }
        let scalar = scalar(factor)
        return try multiply(rows, converted(scalar, to: rows.elementType), name: "\(name)/scaled")
    }

    mutating func converted(_ value: Value, to type: ElementType) -> Value {
        value.elementType == type ? value : convert(value, to: type)
    }
}
