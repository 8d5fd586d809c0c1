import TensorStore

extension Graph {
    /// The graph with plain constants in the place of nodes that compute with constants alone, and without what only those read.
    ///
    /// The runtime does the same when it compiles; here it is for passes that look at weights, such as kernels of upsampling
    /// convolutions, which are sums of others. A node keeps its name. Nodes that are constants already stay as they are, and so do
    /// those behind operations other than Convert, Reshape, Multiply and MatMul of matrices in f32.
    ///
    /// - Parameter folded: indices of the nodes.
    public func foldingConstants(_ folded: Set<Int>) throws(GraphError) -> Graph {
        var copy = self
        var wasFolded = false
        for index in folded.sorted() where nodes[index].type != "Const" {
            guard let shape = nodes[index].outputs.first?.shape.fixed, let floats = ConstantFloats(self, value(index)) else {
                continue
            }
            var constant = Graph()
            _ = constant.constant(floats.elements, shape: shape, name: nodes[index].name)
            constant.nodes[0].outputs[0].names = nodes[index].outputs[0].names
            copy.nodes[index] = constant.nodes[0]
            wasFolded = true
        }
        return wasFolded ? try copy.withoutUnread() : self
    }
}

/// The numbers of a value that is computed from constants alone, in f32, row-major.
struct ConstantFloats {
    let elements: [Float]

    /// - Returns: nil where an operation on the way is not known, or its operands are not of types or shapes that are.
    init?(_ graph: Graph, _ value: Value) {
        guard let elements = Self.elements(graph, value), elements.count == value.shape.fixed?.checkedElementCount else {
            return nil
        }
        self.elements = elements
    }

    private static func elements(_ graph: Graph, _ value: Value) -> [Float]? {
        let node = graph.nodes[value.node]
        switch node.type {
        case "Const": return node.constant.flatMap { floats($0, value.elementType) }
        case "Convert":
            // To fewer bits would round.
            return value.elementType == .f32 ? elements(graph, node.inputs[0]) : nil
        case "Reshape": return value.elementType == .f32 ? elements(graph, node.inputs[0]) : nil
        case "Multiply", "MatMul":
            guard value.elementType == .f32, let a = operand(graph, node.inputs[0]), let b = operand(graph, node.inputs[1]),
                let shape = value.shape.fixed
            else { return nil }
            if node.type == "Multiply" { return product(a, b, shape) }
            return matrixProduct(a, b, node.flag("transpose_a"), node.flag("transpose_b"))
        default: return nil
        }
    }

    private typealias Operand = (elements: [Float], shape: Shape)

    private static func operand(_ graph: Graph, _ value: Value) -> Operand? {
        guard let floats = ConstantFloats(graph, value), let shape = value.shape.fixed else { return nil }
        return (floats.elements, shape)
    }

    private static func floats(_ data: ConstantData, _ type: ElementType) -> [Float]? {
        guard [.f32, .f16, .bf16].contains(type) else { return nil }
        let size = type == .f32 ? 4 : 2
        let count = data.byteCount / size
        return data.withUnsafeBytes { bytes in
            parallel(count, grain: 1 << 18) { range, target in
                for index in range {
                    switch type {
                    case .f32: target[index] = bytes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
                    case .f16:
                        let bits = bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                        target[index] = HalfPrecision.float(f16: bits)
                    default:
                        let bits = bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                        target[index] = HalfPrecision.float(bf16: bits)
                    }
                }
            }
        }
    }

    /// Elementwise, the shorter operand repeated along the axes that it lacks.
    private static func product(_ a: Operand, _ b: Operand, _ shape: Shape) -> [Float]? {
        if a.shape == b.shape { return zip(a.elements, b.elements).map { $0 * $1 } }
        guard let count = shape.checkedElementCount, let left = strides(a.shape, in: shape),
            let right = strides(b.shape, in: shape)
        else { return nil }
        return (0..<count).map { flat in
            var (rest, i, j) = (flat, 0, 0)
            for axis in shape.indices.reversed() {
                let place = rest % shape[axis]
                (i, j, rest) = (i + place * left[axis], j + place * right[axis], rest / shape[axis])
            }
            return a.elements[i] * b.elements[j]
        }
    }

    /// How far apart neighbours along each axis of `whole` lie in a tensor that broadcasts to it.
    private static func strides(_ shape: Shape, in whole: Shape) -> [Int]? {
        guard shape.rank <= whole.rank else { return nil }
        let sizes = [Int](repeating: 1, count: whole.rank - shape.rank) + shape.dimensions
        var (strides, stride) = ([Int](repeating: 0, count: whole.rank), 1)
        for axis in whole.indices.reversed() {
            guard sizes[axis] == whole[axis] || sizes[axis] == 1 else { return nil }
            if sizes[axis] != 1 { strides[axis] = stride }
            stride *= sizes[axis]
        }
        return strides
    }

    /// Of two matrices.
    private static func matrixProduct(_ a: Operand, _ b: Operand, _ transposeA: Bool, _ transposeB: Bool) -> [Float]? {
        guard a.shape.rank == 2, b.shape.rank == 2 else { return nil }
        let (rows, depth) = transposeA ? (a.shape[1], a.shape[0]) : (a.shape[0], a.shape[1])
        let (inner, columns) = transposeB ? (b.shape[1], b.shape[0]) : (b.shape[0], b.shape[1])
        guard depth == inner, columns > 0 else { return nil }
        let (rowStep, depthStep) = transposeA ? (1, rows) : (depth, 1)
        let (innerStep, columnStep) = transposeB ? (1, depth) : (columns, 1)
        return a.elements.withUnsafeBufferPointer { a in
            b.elements.withUnsafeBufferPointer { b in
                parallel(rows * columns, grain: max(1, (1 << 18) / columns) * columns) { range, target in
                    for row in range.lowerBound / columns..<range.upperBound / columns {
                        for column in 0..<columns {
                            var sum: Float = 0
                            for k in 0..<depth {
                                sum += a[row * rowStep + k * depthStep] * b[k * innerStep + column * columnStep]
                            }
                            target[row * columns + column] = sum
                        }
                    }
                }
            }
        }
    }
}
