import CNumerics
import Dispatch
import TensorStore

/// Weights in memory, of an element type that converts to f32.
///
/// @unchecked: the bytes are lent for the length of a call, and only read.
struct WeightSource: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer
    let type: cnumerics_type
    let elementSize: Int

    /// - Returns: nil for other types.
    init?(_ bytes: UnsafeRawBufferPointer, _ elementType: ElementType, _ layout: WeightLayout) {
        switch elementType {
        case .f32: (type, elementSize) = (CNUMERICS_F32, 4)
        case .f16: (type, elementSize) = (CNUMERICS_F16, 2)
        case .bf16: (type, elementSize) = (CNUMERICS_BF16, 2)
        default: return nil
        }
        self.bytes = bytes
    }
}

/// Rows of a weight tensor that have one scale each: channels, or groups within channels.
///
/// Rows are processed in parallel, each as f32 in a buffer of its thread. The tensor is never held in f32 as a whole.
struct WeightRows {
    let source: WeightSource
    let layout: WeightLayout
    /// Weights of one row.
    let depth: Int
    /// The factor of each weight of a channel; nil for 1.
    private let inputFactors: [Float]?
    private let outputFactors: [Float]?

    init(source: WeightSource, layout: WeightLayout, depth: Int, factors: WeightFactors = WeightFactors()) {
        self.source = source
        self.layout = layout
        self.depth = depth
        inputFactors = factors.input.map { Self.spread($0, layout) }
        outputFactors = factors.output
    }

    /// Expands one value per input channel to one value per weight of an output channel.
    static func spread(_ values: [Float], _ layout: WeightLayout) -> [Float] {
        let places = layout.depth / layout.inputChannels
        return places == 1 ? values : values.flatMap { repeatElement($0, count: places) }
    }

    private var inner: Int { layout.inner }
    /// The number of rows, in the order of scales: outer channels, groups, inner channels.
    var count: Int { layout.elementCount / depth }

    /// The index of a row's first element. The elements of a row are `inner` apart.
    private func start(_ row: Int) -> Int { row / inner * depth * inner + row % inner }
    /// The output channel of a row, and the row's offset within the channel.
    private func place(_ row: Int) -> (channel: Int, offset: Int) {
        let groups = layout.depth / depth
        return (row / inner / groups * inner + row % inner, row / inner % groups * depth)
    }

    func ranges() -> [cnumerics_range] {
        var result = [cnumerics_range](repeating: cnumerics_range(), count: count)
        result.withUnsafeMutableBufferPointer { target in
            let target = Shared(target)
            forEachRow { row, values in
                target.elements[row] = cnumerics_row_range(values.baseAddress, values.count)
            }
        }
        return result
    }

    /// Whether the weights are 3×3 kernels in contiguous rows.
    private var are3x3Kernels: Bool {
        layout.shape.rank == 4 && layout.reducedAxes == 1..<4 && depth == layout.depth && layout.shape[2] == 3
            && layout.shape[3] == 3
    }

    /// The largest magnitude of the sums of each row's kernels, as defined by `UpsampledKernel`; nil for other weights.
    func upsampledMagnitudes() -> [Float]? {
        guard are3x3Kernels else { return nil }
        var result = [Float](repeating: 0, count: count)
        result.withUnsafeMutableBufferPointer { target in
            let target = Shared(target)
            forEachRow { row, values in
                guard let values = values.baseAddress else { return }
                target.elements[row] = stride(from: 0, to: depth, by: 9).reduce(0) {
                    max($0, UpsampledKernel.largestSum(values + $1))
                }
            }
        }
        return result
    }

    /// The largest magnitude and the sum of squares at each position within rows, over all rows.
    func columns() -> (magnitudes: [Float], squares: [Double]) {
        var magnitudes = [Float](repeating: 0, count: depth)
        var squares = [Double](repeating: 0, count: depth)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: depth) { buffer in
            for row in 0..<count {
                load(row, into: buffer)
                cnumerics_columns(buffer.baseAddress, depth, &magnitudes, &squares)
            }
        }
        return (magnitudes, squares)
    }

    struct Result {
        var codes: [UInt8]
        var relativeError: Double
        var worstChannelError: Double
        var outputShifts: [Float]
    }

    /// - Parameters:
    ///   - zeroPoints: one per row; empty for none.
    ///   - inputMeans: means of input channels, for computing output shifts; rows must then be whole channels.
    ///   - keepsKernelSums: whether the sum of codes of each input channel follows the sum of its weights; rows must then be
    ///     whole channels.
    func quantize(
        _ mode: WeightMode, _ scales: [Float], _ zeroPoints: [UInt8], inputMeans: [Float]? = nil, keepsKernelSums: Bool = false
    ) -> Result {
        var codes = [UInt8](repeating: 0, count: layout.elementCount)
        var results = [RowResult](repeating: RowResult(), count: count)
        let means = inputMeans.map { Self.spread($0, layout) }
        let kernel = keepsKernelSums ? layout.depth / layout.inputChannels : 1
        codes.withUnsafeMutableBufferPointer { codes in
            results.withUnsafeMutableBufferPointer { results in
                let (codes, results) = (Shared(codes), Shared(results))
                forEachRow { row, values in
                    let zero = zeroPoints.isEmpty ? 0 : Float(zeroPoints[row])
                    write(codes, row, values.count) { target in
                        results.elements[row] = quantize(values, mode, scales[row], zero, means, kernel, to: target)
                    }
                }
            }
        }
        let reference = results.reduce(0) { $0 + $1.stored.reference }
        let difference = results.reduce(0) { $0 + $1.stored.difference }
        return Result(
            codes: codes, relativeError: reference > 0 ? (difference / reference).squareRoot() : 0,
            worstChannelError: results.reduce(0) { max($0, $1.exact.difference / Double(depth)) },
            outputShifts: means == nil ? [] : results.map { Float($0.shift) })
    }

    private struct RowResult {
        /// Errors with stored scales, and with unrounded scales.
        var stored = cnumerics_error()
        var exact = cnumerics_error()
        var shift = 0.0
    }

    private func quantize(
        _ values: UnsafeBufferPointer<Float>, _ mode: WeightMode, _ scale: Float, _ zero: Float, _ means: [Float]?, _ kernel: Int,
        to target: UnsafeMutablePointer<UInt8>
    ) -> RowResult {
        let (row, count) = (values.baseAddress, values.count)
        let rounded = mode.scaleType == .f16 ? HalfPrecision.float(f16: HalfPrecision.f16(scale)) : scale
        var result = RowResult()
        if mode == .nf4 {
            cnumerics_quantize_nf4(row, count, scale, target)
            result.stored = cnumerics_row_error_nf4(row, target, count, rounded)
            return result
        }
        cnumerics_quantize(row, count, scale, zero, mode.codes.lowerBound, mode.codes.upperBound, target)
        let isSigned: Int32 = mode.isAsymmetric ? 0 : 1
        if kernel > 1 {
            cnumerics_keep_sums(
                row, count, kernel, scale, zero, mode.codes.lowerBound, mode.codes.upperBound, isSigned, target)
        }
        if mode.isUpsampled, are3x3Kernels, let row {
            let limit = mode.codes.upperBound
            for start in stride(from: 0, to: count, by: 9) {
                UpsampledKernel.round(row + start, scale, limit: limit, target + start)
            }
        }
        result.stored = cnumerics_row_error(row, target, count, rounded, zero, isSigned)
        result.exact = cnumerics_row_error(row, target, count, scale, zero, isSigned)
        if let means {
            result.shift = means.withUnsafeBufferPointer {
                cnumerics_row_shift(row, target, count, rounded, zero, isSigned, $0.baseAddress)
            }
        }
        return result
    }

    /// Lends the memory of a row's codes, or a buffer that is copied to its place afterwards if the codes are not contiguous.
    private func write(_ codes: Shared<UInt8>, _ row: Int, _ count: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Void) {
        guard let base = codes.elements.baseAddress else { return }
        if inner == 1 { return body(base + row * count) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { buffer in
            guard let from = buffer.baseAddress else { return }
            body(from)
            let start = start(row)
            for index in 0..<count { base[start + index * inner] = from[index] }
        }
    }

    /// Calls `body` with the index and the f32 weights of each row, on all processors.
    private func forEachRow(_ body: (Int, UnsafeBufferPointer<Float>) -> Void) {
        // Enough for a thread to be worth waking.
        let chunk = max(1, 65_536 / depth)
        let chunks = (count + chunk - 1) / chunk
        withoutActuallyEscaping(body) { body in
            let body = Body(call: body)
            DispatchQueue.concurrentPerform(iterations: chunks) { index in
                withUnsafeTemporaryAllocation(of: Float.self, capacity: depth) { buffer in
                    for row in index * chunk..<min((index + 1) * chunk, count) {
                        load(row, into: buffer)
                        body.call(row, UnsafeBufferPointer(buffer))
                    }
                }
            }
        }
    }

    private func load(_ row: Int, into buffer: UnsafeMutableBufferPointer<Float>) {
        guard let address = source.bytes.baseAddress else { return }
        cnumerics_load(source.type, address + start(row) * source.elementSize, inner, depth, buffer.baseAddress)
        scale(buffer, row)
    }

    /// Multiplies a row by the factors of its channels.
    private func scale(_ values: UnsafeMutableBufferPointer<Float>, _ row: Int) {
        let (channel, offset) = place(row)
        if let inputFactors {
            inputFactors.withUnsafeBufferPointer {
                guard let factors = $0.baseAddress else { return }
                cnumerics_multiply(values.baseAddress, factors + offset, values.count)
            }
        }
        if let outputFactors { for index in values.indices { values[index] *= outputFactors[channel] } }
    }
}

/// Memory that rows write to from several threads.
///
/// @unchecked: each row writes to elements of its own, while the array that lends them waits.
private struct Shared<Element>: @unchecked Sendable {
    let elements: UnsafeMutableBufferPointer<Element>

    init(_ elements: UnsafeMutableBufferPointer<Element>) { self.elements = elements }
}

/// @unchecked: called from several threads at once, with a row each; what it captures is constant or `Shared`.
private struct Body: @unchecked Sendable {
    let call: (Int, UnsafeBufferPointer<Float>) -> Void
}
