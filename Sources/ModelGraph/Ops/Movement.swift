public import TensorStore

extension Graph {
    /// The same elements under another shape (Reshape, opset1).
    /// - Parameter shape: 0 keeps the axis at the same index; one −1 takes the remaining elements.
    public mutating func reshape(_ x: Value, to shape: [Int], name: String? = nil) throws(GraphError) -> Value {
        guard shape.allSatisfy({ $0 >= -1 }), shape.count(where: { $0 == -1 }) <= 1 else {
            throw refusal("Reshape", [x], "\(shape) may leave one axis open, with -1", name: name)
        }
        var result = shape.map { $0 > 0 ? Dimension.fixed($0) : .any }
        if let dimensions = x.shape.dimensions {
            for axis in shape.indices where shape[axis] == 0 {
                guard axis < dimensions.count else {
                    throw refusal("Reshape", [x], "axis \(axis) of \(shape) keeps an axis that is not there", name: name)
                }
                result[axis] = dimensions[axis]
            }
            // What is kept is on both sides, known or not: the other axes must have as many elements.
            let moved = dimensions.indices.filter { $0 >= shape.count || shape[$0] != 0 }.map { dimensions[$0] }
            let known = Shape(shape.filter { $0 > 0 }).checkedElementCount
            if let count = PartialShape(moved).fixed?.checkedElementCount {
                if let open = shape.firstIndex(of: -1) {
                    guard let known, count % known == 0 else {
                        throw refusal("Reshape", [x], "\(shape) must divide the input's elements", name: name)
                    }
                    result[open] = .fixed(count / known)
                } else {
                    guard known == count else {
                        throw refusal("Reshape", [x], "\(shape) must have as many elements as the input", name: name)
                    }
                }
            }
        }
        let target = integers(shape)
        return append(
            "Reshape", name: name, attributes: [.init("special_zero", "true")], inputs: [x, target], elementType: x.elementType,
            shape: PartialShape(result))
    }

    /// A reshape to a computed shape: `shape` is i64 `[rank]`, and `known` is its statically known part.
    public mutating func reshape(_ x: Value, to shape: Value, known: PartialShape) throws(GraphError) -> Value {
        guard shape.elementType == .i64, shape.shape.rank == 1 else {
            throw refusal("Reshape", [x, shape], "the shape must be i64 [rank]")
        }
        return append(
            "Reshape", attributes: [.init("special_zero", "false")], inputs: [x, shape], elementType: x.elementType, shape: known)
    }

    /// Axes in another order (Transpose, opset1).
    public mutating func transpose(_ x: Value, _ order: [Int], name: String? = nil) throws(GraphError) -> Value {
        guard order.sorted() == Array(0..<order.count), x.shape.rank ?? order.count == order.count else {
            throw refusal("Transpose", [x], "\(order) must name each axis of the input once", name: name)
        }
        let shape = PartialShape(x.shape.dimensions.map { dimensions in order.map { dimensions[$0] } })
        let axes = integers(order)
        return append("Transpose", name: name, inputs: [x, axes], elementType: x.elementType, shape: shape)
    }

    /// Concatenates tensors along `axis` (Concat, opset1).
    public mutating func concatenate(_ values: [Value], axis: Int, name: String? = nil) throws(GraphError) -> Value {
        guard let first = values.first else { throw refusal("Concat", [], "there must be something to join", name: name) }
        guard values.allSatisfy({ $0.elementType == first.elementType }) else {
            throw refusal("Concat", values, "all operands must be of one type", name: name)
        }
        guard var joined = first.shape.dimensions else { throw refusal("Concat", values, "ranks must be known", name: name) }
        let axis = axis < 0 ? axis + joined.count : axis
        guard joined.indices.contains(axis) else {
            throw refusal("Concat", values, "axis \(axis) must be an axis of the operands", name: name)
        }
        for value in values.dropFirst() {
            guard let other = value.shape.dimensions, other.count == joined.count else {
                throw refusal("Concat", values, "all operands must have as many axes", name: name)
            }
            for index in joined.indices {
                if index == axis {
                    joined[index] = joined[index] + other[index]
                } else if let merged = joined[index].merged(with: other[index]) {
                    joined[index] = merged
                } else {
                    throw refusal("Concat", values, "axes other than \(axis) must agree", name: name)
                }
            }
        }
        return append(
            "Concat", name: name, attributes: [.init("axis", "\(axis)")], inputs: values, elementType: first.elementType,
            shape: PartialShape(joined))
    }

    /// Inserts axes of 1; `axes` are indices in the result (Unsqueeze, opset1).
    public mutating func unsqueeze(_ x: Value, _ axes: [Int]) throws(GraphError) -> Value {
        guard axes.allSatisfy({ $0 >= 0 }), Set(axes).count == axes.count else {
            throw refusal("Unsqueeze", [x], "axes \(axes) must be places in the result, each once")
        }
        var shape = PartialShape.any
        if var dimensions = x.shape.dimensions {
            for axis in axes.sorted() {
                guard axis <= dimensions.count else {
                    throw refusal("Unsqueeze", [x], "axes \(axes) must be places in the result")
                }
                dimensions.insert(1, at: axis)
            }
            shape = PartialShape(dimensions)
        }
        let places = integers(axes)
        return append("Unsqueeze", inputs: [x, places], elementType: x.elementType, shape: shape)
    }

    /// The elements in `range` along `axis` (Slice, opset8). There are fewer if an axis of unknown size turns out to be shorter.
    public mutating func slice(_ x: Value, axis: Int, _ range: Range<Int>, name: String? = nil) throws(GraphError) -> Value {
        var shape = PartialShape.any
        if var dimensions = x.shape.dimensions {
            guard dimensions.indices.contains(axis), range.lowerBound >= 0,
                range.upperBound <= dimensions[axis].fixedValue ?? .max
            else {
                throw refusal("Slice", [x], "\(range) must lie within axis \(axis)", name: name)
            }
            if case .dynamic(let minimum, _) = dimensions[axis], minimum < range.upperBound {
                dimensions[axis] = .dynamic(minimum: max(0, minimum - range.lowerBound), maximum: range.count)
            } else {
                dimensions[axis] = .fixed(range.count)
            }
            shape = PartialShape(dimensions)
        }
        let bounds = [range.lowerBound, range.upperBound, 1, axis]
        var inputs = [x]
        for bound in bounds { inputs.append(integers([bound])) }
        return append("Slice", opset: 8, name: name, inputs: inputs, elementType: x.elementType, shape: shape)
    }

    /// Two parts of `x` along `axis`, the second of which begins at `place`, i64 `[1]` (VariadicSplit, opset1).
    public mutating func split(
        _ x: Value, axis: Int, at place: Value, name: String? = nil
    ) throws(GraphError) -> (Value, Value) {
        guard place.elementType == .i64, place.shape.rank == 1 else {
            throw refusal("VariadicSplit", [x, place], "the place must be i64 [1]", name: name)
        }
        var shape = PartialShape.any
        if var dimensions = x.shape.dimensions {
            guard dimensions.indices.contains(axis) else {
                throw refusal("VariadicSplit", [x, place], "axis \(axis) must be an axis of the input", name: name)
            }
            dimensions[axis] = .any
            shape = PartialShape(dimensions)
        }
        let along = constant([Int64(axis)], shape: [])
        let lengths = try concatenate([place, integers([-1])], axis: 0)
        var node = Node(
            name: name ?? nodeName("VariadicSplit"), type: "VariadicSplit", opset: "opset1", inputs: [x, along, lengths])
        node.outputs = Array(repeating: .init(elementType: x.elementType, shape: shape), count: 2)
        let index = append(node)
        return (value(index, port: 0), value(index, port: 1))
    }

    /// Rows of `data` along `axis`, one for each of `indices` (Gather, opset8).
    /// - Parameter batchDimensions: how many leading axes of both are the same; rows are then taken within each.
    public mutating func gather(
        _ data: Value, _ indices: Value, axis: Int = 0, batchDimensions: Int = 0, name: String? = nil
    ) throws(GraphError) -> Value {
        guard indices.elementType == .i64 || indices.elementType == .i32, batchDimensions >= 0 else {
            throw refusal("Gather", [data, indices], "the indices must be i32 or i64, batch axes none or more", name: name)
        }
        var shape = PartialShape.any
        if let rows = data.shape.dimensions, let places = indices.shape.dimensions {
            guard rows.indices.contains(axis) else {
                throw refusal("Gather", [data, indices], "axis \(axis) must be an axis of the data", name: name)
            }
            guard batchDimensions <= min(axis, places.count),
                zip(rows, places).prefix(batchDimensions).allSatisfy({ $0.isCompatible(with: $1) })
            else {
                throw refusal(
                    "Gather", [data, indices], "the first \(batchDimensions) axes must agree and come before axis \(axis)",
                    name: name)
            }
            var result = Array(rows[..<axis])
            result += places[batchDimensions...]
            result += rows[(axis + 1)...]
            shape = PartialShape(result)
        }
        let along = constant([Int64(axis)], shape: [])
        return append(
            "Gather", opset: 8, name: name, attributes: [.init("batch_dims", "\(batchDimensions)")],
            inputs: [data, indices, along],
            elementType: data.elementType, shape: shape)
    }

    /// The shape of `x` as i64 `[rank]` (ShapeOf, opset3).
    public mutating func shapeOf(_ x: Value) -> Value {
        append(
            "ShapeOf", opset: 3, attributes: [.init("output_type", "i64")], inputs: [x], elementType: .i64,
            shape: x.shape.rank.map { PartialShape([.fixed($0)]) } ?? [.any])
    }

    /// Nearest-neighbour resizing of height and width of `x` `[B, C, H, W]`, as torch's `interpolate(mode="nearest")`
    /// (Interpolate, opset11).
    /// - Parameter like: `[B, C, H, W]` with the new height and width, which are read in the graph if unknown.
    public mutating func resizeNearest(_ x: Value, like: Value, name: String? = nil) throws(GraphError) -> Value {
        guard let input = x.shape.dimensions, let target = like.shape.dimensions, input.count == 4, target.count == 4 else {
            throw refusal("Interpolate", [x, like], "input and model must be [B, C, H, W]", name: name)
        }
        let sizes: Value
        if let height = target[2].fixedValue, let width = target[3].fixedValue {
            sizes = integers([height, width])
        } else {
            sizes = try gather(shapeOf(like), integers([2, 3]))
        }
        return interpolate(x, "sizes", sizes, shape: [input[0], input[1], target[2], target[3]], name: name)
    }

    /// Channels to places: x `[B, s²·C, H, W]` to `[B, C, s·H, s·W]`; channel (i·s + j)·C + c goes to row i and column j of each
    /// square of s×s pixels (DepthToSpace, opset1, blocks first).
    public mutating func depthToSpace(_ x: Value, blockSize: Int, name: String? = nil) throws(GraphError) -> Value {
        var shape = PartialShape.any
        if let input = x.shape.dimensions {
            guard input.count == 4, blockSize > 0, input[1].fixedValue.map({ $0 % (blockSize * blockSize) == 0 }) ?? true else {
                throw refusal("DepthToSpace", [x], "the input must be [B, \(blockSize)²·C, H, W]", name: name)
            }
            let channels = input[1].fixedValue.map { Dimension.fixed($0 / (blockSize * blockSize)) } ?? .any
            shape = PartialShape([input[0], channels, input[2] * blockSize, input[3] * blockSize])
        }
        return append(
            "DepthToSpace", name: name, attributes: [.init("mode", "blocks_first"), .init("block_size", "\(blockSize)")],
            inputs: [x],
            elementType: x.elementType, shape: shape)
    }

    /// Height and width of `x` `[B, C, H, W]` times `scale`, each pixel repeated (Interpolate, opset11).
    public mutating func upsampleNearest(_ x: Value, by scale: Int, name: String? = nil) throws(GraphError) -> Value {
        guard let input = x.shape.dimensions, input.count == 4, scale > 0 else {
            throw refusal("Interpolate", [x], "the input must be [B, C, H, W] and the scale (\(scale)) positive", name: name)
        }
        let scales = constant([Float(scale), Float(scale)], shape: [2])
        let shape = PartialShape([input[0], input[1], input[2] * scale, input[3] * scale])
        return interpolate(x, "scales", scales, shape: shape, name: name)
    }

    private mutating func interpolate(_ x: Value, _ mode: String, _ target: Value, shape: PartialShape, name: String?) -> Value {
        let axes = integers([2, 3])
        return append(
            "Interpolate", opset: 11, name: name,
            attributes: [
                .init("mode", "nearest"), .init("shape_calculation_mode", mode),
                .init("coordinate_transformation_mode", "asymmetric"), .init("nearest_mode", "floor"),
                .init("antialias", "false"),
                .init("pads_begin", "0, 0, 0, 0"), .init("pads_end", "0, 0, 0, 0"), .init("cube_coeff", "-0.75"),
            ],
            inputs: [x, target, axes], elementType: x.elementType, shape: shape)
    }
}
