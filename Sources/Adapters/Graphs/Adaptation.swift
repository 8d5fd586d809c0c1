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
            let module = "'\(path)', which is \(isLinear ? "linear" : "a convolution")"
            guard layer.outputs == outputs, site.rows != nil || site.shape[0] == outputs else {
                throw .shape(
                    key: layer.up.name, expected: "[\(outputs), \(layer.rank)] to fit \(module)", found: layer.up.shape,
                    file: file)
            }
            let (inputs, kernel) = (site.shape[1], isLinear ? (1, 1) : (site.shape[2], site.shape[3]))
            guard layer.inputs == inputs, layer.kernel == kernel else {
                let wrong = layer.inputs == inputs ? layer.mid ?? layer.down : layer.down
                let sizes = isLinear ? "" : ", \(kernel.0), \(kernel.1)"
                throw .shape(
                    key: wrong.name, expected: "[\(layer.rank), \(inputs)\(sizes)] to fit \(module)", found: wrong.shape,
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

    /// The rows of `up` for a place, `[outputs, rank]`, multiplied by alpha / rank, `scale`, and the smoothing's output factors.
    mutating func up(
        _ placed: PlacedLayer, _ site: AdaptedSite, scale: Float, type: ElementType, name: String
    ) throws(GraphError) -> Value {
        let layer = placed.layer
        var up = lora(layer.up, [layer.outputs, layer.rank], rows: site.rows, type: type, name: "\(name).\(placed.item)/up")
        if let factors = site.smoothing.outputs {
            let column = constant(factors, shape: [factors.count, 1])
            up = try multiply(up, converted(column, to: type))
        }
        let factor = layer.factor * scale
        guard factor != 1 else { return up }
        let scalar = scalar(factor)
        return try multiply(up, converted(scalar, to: type), name: "\(name).\(placed.item)/scaled")
    }

    /// `down` as `[rank, inputs·kh·kw]`, with `mid` multiplied in.
    mutating func down(_ placed: PlacedLayer, type: ElementType, name: String) throws(GraphError) -> Value {
        let layer = placed.layer
        let (name, kernel) = ("\(name).\(placed.item)", layer.kernel.height * layer.kernel.width)
        guard let mid = layer.mid else {
            return lora(layer.down, [layer.rank, layer.inputs * kernel], type: type, name: "\(name)/down")
        }
        // [rank, rank, k] × [rank, inputs] over the second rank: to [rank, k, rank], times, to [rank, k, inputs], and back.
        let middle = lora(mid, [layer.rank, layer.rank, kernel], type: type, name: "\(name)/mid")
        let down = lora(layer.down, [layer.rank, layer.inputs], type: type, name: "\(name)/down")
        let product = try matMul(transpose(middle, [0, 2, 1]), down, name: "\(name)/MatMulKernel")
        return try reshape(transpose(product, [0, 2, 1]), to: [layer.rank, layer.inputs * kernel])
    }

    mutating func converted(_ value: Value, to type: ElementType) -> Value {
        value.elementType == type ? value : convert(value, to: type)
    }
}
