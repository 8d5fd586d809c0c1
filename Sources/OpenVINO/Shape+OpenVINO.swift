import COpenVINO
import TensorStore

extension Shape {
    /// Lends the shape as the C API's struct. Filled by hand, since `ov_shape_create` refuses scalars.
    func withCShape<Result>(_ body: (ov_shape_t) throws(OpenVINOError) -> Result) throws(OpenVINOError) -> Result {
        let dims = UnsafeMutablePointer<Int64>.allocate(capacity: Swift.max(rank, 1))
        defer { dims.deallocate() }
        for (axis, dimension) in enumerated() { dims[axis] = Int64(dimension) }
        return try body(ov_shape_t(rank: Int64(rank), dims: isEmpty ? nil : dims))
    }

    /// The shape that a call of the C API writes.
    ///
    /// - Parameter body: a call that leaves the struct as it is for a scalar, and may then return INVALID_C_PARAM.
    init(_ call: StaticString, _ body: (UnsafeMutablePointer<ov_shape_t>) -> ov_status_e) throws(OpenVINOError) {
        var shape = ov_shape_t(rank: 0, dims: nil)
        defer { if shape.dims != nil { ov_shape_free(&shape) } }
        do {
            try check(call) { body(&shape) }
        } catch .runtime(_, .invalidParameter, _) {
            self.init([])
            return
        }
        self.init(UnsafeBufferPointer(start: shape.dims, count: shape.dims == nil ? 0 : Int(shape.rank)).map(Int.init))
    }
}
