import CNumerics
import Dispatch
import TensorStore

/// Weights in memory, of a type that can be read as f32.
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

/// The rows that have a scale each: the channels of a weight tensor, or the groups in them.
///
/// Rows are worked on in parallel, each as f32 in a buffer of its thread, so that a tensor is never held in f32 as a whole.
struct WeightRows {
    let source: WeightSource
    let layout: WeightLayout
    /// Weights of one row.
    let depth: Int

    private var inner: Int { layout.inner }
    /// In the order of scales: outer channels, groups, inner channels.
    var count: Int { layout.elementCount / depth }

    /// Where a row starts, in elements. Its elements lie `inner` apart.
    private func start(_ row: Int) -> Int { row / inner * depth * inner + row % inner }

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

    struct Result {
        var codes: [UInt8]
        var relativeError: Double
        var worstChannelError: Double
    }

    /// - Parameter zeroPoints: one a row, or none.
    func quantize(_ mode: WeightMode, _ scales: [Float], _ zeroPoints: [UInt8]) -> Result {
        var codes = [UInt8](repeating: 0, count: layout.elementCount)
        var stored = [cnumerics_error](repeating: cnumerics_error(), count: count)
        var exact = stored
        codes.withUnsafeMutableBufferPointer { codes in
            stored.withUnsafeMutableBufferPointer { stored in
                exact.withUnsafeMutableBufferPointer { exact in
                    let (codes, stored, exact) = (Shared(codes), Shared(stored), Shared(exact))
                    forEachRow { row, values in
                        let scale = scales[row]
                        let rounded = mode.scaleType == .f16 ? HalfPrecision.float(f16: HalfPrecision.f16(scale)) : scale
                        let zero = zeroPoints.isEmpty ? 0 : Float(zeroPoints[row])
                        write(codes, row, values.count) { target in
                            if mode == .nf4 {
                                cnumerics_quantize_nf4(values.baseAddress, values.count, scale, target)
                                stored.elements[row] = cnumerics_row_error_nf4(
                                    values.baseAddress, target, values.count, rounded)
                                return
                            }
                            let range = mode.codes
                            cnumerics_quantize(
                                values.baseAddress, values.count, scale, zero, range.lowerBound, range.upperBound, target)
                            let isSigned: Int32 = mode.isAsymmetric ? 0 : 1
                            stored.elements[row] = cnumerics_row_error(
                                values.baseAddress, target, values.count, rounded, zero, isSigned)
                            exact.elements[row] = cnumerics_row_error(
                                values.baseAddress, target, values.count, scale, zero, isSigned)
                        }
                    }
                }
            }
        }
        let reference = stored.reduce(0) { $0 + $1.reference }
        let difference = stored.reduce(0) { $0 + $1.difference }
        return Result(
            codes: codes, relativeError: reference > 0 ? (difference / reference).squareRoot() : 0,
            worstChannelError: exact.reduce(0) { max($0, $1.difference / Double(depth)) })
    }

    /// Lends the place of a row's codes, or a buffer that is spread afterwards where they do not lie side by side.
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

    /// Calls `body` with each row's number and its weights in f32, on all processors.
    private func forEachRow(_ body: (Int, UnsafeBufferPointer<Float>) -> Void) {
        // Enough for a thread to be worth waking.
        let chunk = max(1, 65_536 / depth)
        let chunks = (count + chunk - 1) / chunk
        withoutActuallyEscaping(body) { body in
            let body = Body(call: body)
            DispatchQueue.concurrentPerform(iterations: chunks) { index in
                withUnsafeTemporaryAllocation(of: Float.self, capacity: depth) { buffer in
                    for row in index * chunk..<min((index + 1) * chunk, count) {
                        guard let address = source.bytes.baseAddress else { return }
                        cnumerics_load(
                            source.type, address + start(row) * source.elementSize, inner, depth, buffer.baseAddress)
                        body.call(row, UnsafeBufferPointer(buffer))
                    }
                }
            }
        }
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
