import Dispatch
import TensorStore

/// The weights of an upsampled convolution, whose sums are its 2×2 kernels.
enum SubPixelWeights {
    /// `[O, C, 3, 3]` in f32, computed from floating-point constants: stored ones, or those with a LoRA merged into them.
    case floats(Value)
    /// Codes for each position, and their common scale.
    case integers(SubPixelCodes, scale: Value)

    /// - Returns: nil for weights of other forms, and for codes whose sums exceed the range of codes.
    init?(_ graph: Graph, _ found: UpsampledConvolution, _ index: GraphIndex) {
        func input(_ value: Value, _ port: Int = 0) -> Value { graph.nodes[value.node].inputs[port] }
        func node(_ value: Value) -> Node { graph.nodes[value.node] }
        let weights = graph.nodes[found.convolution].inputs[1]
        if graph.isFloatingPointConstant(weights, index) {
            self = .floats(weights)
            return
        }
        guard node(weights).type == "Multiply", let shape = weights.shape.fixed,
            let port = [0, 1].first(where: { port in
                let factor = input(weights, port)
                return node(factor).type == "Convert" && input(factor).elementType == .i8
            }),
            case let scale = input(weights, 1 - port), let scales = scale.shape.fixed, scales.rank <= 4,
            // One scale, or one per output channel.
            scales.rank == 4 ? scales.dropFirst().allSatisfy({ $0 == 1 }) : scales.allSatisfy({ $0 == 1 }),
            case let codes = input(input(weights, port)), codes.shape.fixed == shape, let data = node(codes).constant,
            let sums = data.withUnsafeBytes({ SubPixelCodes($0, outputs: shape[0], inputs: shape[1]) })
        else { return nil }
        self = .integers(sums, scale: scale)
    }

    var reads: [Value] {
        switch self {
        case .floats(let value): [value]
        case .integers(_, let scale): [scale]
        }
    }
}

extension Graph {
    /// Whether a constant value is computed without integers of 8 bits or fewer, which are codes of compressed weights.
    fileprivate func isFloatingPointConstant(_ value: Value, _ index: GraphIndex) -> Bool {
        guard index.isConstant[value.node] else { return false }
        var (open, seen): ([Int], Set<Int>) = ([value.node], [])
        while let place = open.popLast() {
            guard seen.insert(place).inserted else { continue }
            let node = nodes[place]
            if node.isConstant, let type = node.outputs.first?.elementType, !type.isFloatingPoint, type.bitWidth ?? 8 <= 8 {
                return false
            }
            open += node.inputs.map(\.node)
        }
        return true
    }
}

/// Sums of the INT8 codes of 3×3 kernels.
struct SubPixelCodes {
    /// `[O, C, 2, 2]`.
    let shape: Shape
    /// i8 for each of `SubPixel.all`.
    let codes: [[UInt8]]

    /// - Parameter kernels: i8 `[O, C, 3, 3]`.
    /// - Returns: nil where a sum lies outside of −127 … 127; for codes of 7 bits, of −64 … 64.
    init?(_ kernels: UnsafeRawBufferPointer, outputs: Int, inputs: Int) {
        let count = outputs * inputs
        guard count > 0, kernels.count == 9 * count else { return nil }
        let source = kernels.bindMemory(to: Int8.self)
        let limit: Int32 = Self.have7Bits(source, outputs) ? 64 : 127
        var codes: [[UInt8]] = []
        for place in SubPixel.all {
            guard let sums = Self.sums(source, count, place, limit: limit) else { return nil }
            codes.append(sums)
        }
        self.codes = codes
        shape = [outputs, inputs, 2, 2]
    }

    /// Whether codes have 7 bits, for processors whose sums of 8-bit products saturate: channels are scaled to 63 or 64.
    private static func have7Bits(_ source: UnsafeBufferPointer<Int8>, _ outputs: Int) -> Bool {
        let depth = source.count / outputs
        var filled = 0
        for channel in 0..<outputs {
            var largest: Int32 = 0
            for index in channel * depth..<(channel + 1) * depth { largest = max(largest, abs(Int32(source[index]))) }
            if largest > 64 { return false }
            if largest >= 63 { filled += 1 }
        }
        // Near-zero channels are not scaled to the limit.
        return 2 * filled > outputs
    }

    private static func sums(_ source: UnsafeBufferPointer<Int8>, _ count: Int, _ place: SubPixel, limit: Int32) -> [UInt8]? {
        let chunk = 65_536
        let chunks = (count + chunk - 1) / chunk
        var largest = [Int32](repeating: 0, count: chunks)
        let sums = [UInt8](unsafeUninitializedCapacity: 4 * count) { target, initialized in
            initialized = 4 * count
            largest.withUnsafeMutableBufferPointer { largest in
                let work = Work(source: source, target: target, largest: largest, place: place)
                DispatchQueue.concurrentPerform(iterations: chunks) { index in
                    work.largest[index] = work.sum(index * chunk..<min((index + 1) * chunk, count))
                }
            }
        }
        return largest.allSatisfy { $0 <= limit } ? sums : nil
    }

    /// @unchecked: each chunk of kernels writes to elements of its own, while the arrays that lend them wait.
    private struct Work: @unchecked Sendable {
        let source: UnsafeBufferPointer<Int8>
        let target: UnsafeMutableBufferPointer<UInt8>
        let largest: UnsafeMutableBufferPointer<Int32>
        let place: SubPixel

        /// - Returns: the largest magnitude of the sums.
        func sum(_ kernels: Range<Int>) -> Int32 {
            guard let source = source.baseAddress, let target = target.baseAddress else { return 0 }
            // The kernel's second row belongs to the first of the sums at odd places, and to the second at even ones.
            let (rowFirst, columnFirst) = (Int32(place.row), Int32(place.column))
            let (rowSecond, columnSecond) = (1 - rowFirst, 1 - columnFirst)
            var largest: Int32 = 0
            for index in kernels {
                let kernel = source + 9 * index
                func columns(_ row: Int) -> (Int32, Int32) {
                    let middle = Int32(kernel[row + 1])
                    return (Int32(kernel[row]) + columnFirst * middle, columnSecond * middle + Int32(kernel[row + 2]))
                }
                let (top, middle, bottom) = (columns(0), columns(3), columns(6))
                let a = top.0 + rowFirst * middle.0
                let b = top.1 + rowFirst * middle.1
                let c = rowSecond * middle.0 + bottom.0
                let d = rowSecond * middle.1 + bottom.1
                largest = max(largest, max(max(abs(a), abs(b)), max(abs(c), abs(d))))
                let sums = target + 4 * index
                sums[0] = UInt8(truncatingIfNeeded: a)
                sums[1] = UInt8(truncatingIfNeeded: b)
                sums[2] = UInt8(truncatingIfNeeded: c)
                sums[3] = UInt8(truncatingIfNeeded: d)
            }
            return largest
        }
    }
}
