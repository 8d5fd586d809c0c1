import COpenVINO
import TensorStore

extension Shape {
    /// Lends the shape as the C API's struct, which is filled here because `ov_shape_create` refuses scalars.
    func withCShape<Result>(_ body: (ov_shape_t) throws(OpenVINOError) -> Result) throws(OpenVINOError) -> Result {
        let dims = UnsafeMutablePointer<Int64>.allocate(capacity: Swift.max(rank, 1))
        defer { dims.deallocate() }
        for (axis, dimension) in enumerated() { dims[axis] = Int64(dimension) }
        return try body(ov_shape_t(rank: Int64(rank), dims: isEmpty ? nil : dims))
    }

    /// Reads the shape that a call of the C API writes.
    ///
    /// - Parameter body: the call. For a scalar it leaves the struct unchanged and may return INVALID_C_PARAM.
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

extension PartialShape {
    init(_ shape: ov_partial_shape_t) {
        // `ov_rank_is_dynamic` is not used: it treats a scalar's rank of 0 as unknown.
        guard shape.rank.min == shape.rank.max else {
            self.init(nil)
            return
        }
        let count = shape.dims == nil ? 0 : Int(shape.rank.max)
        self.init(UnsafeBufferPointer(start: shape.dims, count: count).map(Dimension.init))
    }

    /// Whether inputs can be reshaped to this shape. The C API turns a shape without axes or of unknown rank into `[?]`.
    var canReshape: Bool {
        guard let dimensions, !dimensions.isEmpty else { return false }
        return dimensions.allSatisfy { dimension in
            switch dimension {
            case .fixed(let value): value >= 0
            case .dynamic(let minimum, let maximum): minimum >= 0 && maximum ?? .max >= minimum
            }
        }
    }

    /// Lends shapes that `canReshape` as the C API's structs. They are filled here because `ov_partial_shape_create`
    /// refuses axes of size 0, and `?` in the form that the runtime reports.
    static func withCShapes<Result>(
        _ shapes: [PartialShape], _ body: ([ov_partial_shape_t]) throws(OpenVINOError) -> Result
    ) throws(OpenVINOError) -> Result {
        let dimensions = shapes.map { ($0.dimensions ?? []).map(\.cDimension) }
        let dims = UnsafeMutableBufferPointer<ov_dimension_t>.allocate(capacity: dimensions.reduce(1) { $0 + $1.count })
        defer { dims.deallocate() }
        _ = dims.initialize(from: dimensions.joined())
        var next = dims.baseAddress
        return try body(
            dimensions.map { dimensions in
                defer { next = next.map { $0 + dimensions.count } }
                let rank = Int64(dimensions.count)
                return ov_partial_shape_t(rank: ov_rank_t(min: rank, max: rank), dims: next)
            })
    }

    /// Whether a tensor of `shape` matches this partial shape.
    func accepts(_ shape: Shape) -> Bool {
        guard let dimensions else { return true }
        return dimensions.count == shape.rank && zip(dimensions, shape).allSatisfy { $0.isCompatible(with: .fixed($1)) }
    }
}

extension Dimension {
    /// An upper bound of -1 or `Int64.max` means unbounded.
    fileprivate init(_ dimension: ov_dimension_t) {
        if dimension.max == dimension.min, dimension.min >= 0 {
            self = .fixed(Int(dimension.min))
        } else {
            let bounded = dimension.max >= 0 && dimension.max != .max
            self = .dynamic(minimum: Int(max(dimension.min, 0)), maximum: bounded ? Int(dimension.max) : nil)
        }
    }

    fileprivate var cDimension: ov_dimension_t {
        switch self {
        case .fixed(let value): ov_dimension_t(min: Int64(value), max: Int64(value))
        case .dynamic(0, nil): ov_dimension_t(min: -1, max: -1)
        case .dynamic(let minimum, let maximum): ov_dimension_t(min: Int64(minimum), max: maximum.map(Int64.init) ?? -1)
        }
    }
}

/// The C API's codes, in the order of `ov_element_type_e`. It calls f8e5m2 `F8E5M3`; our header renames `BOOLEAN`.
private let codes: [(ElementType, ov_element_type_e)] = [
    (.dynamic, DYNAMIC), (.boolean, OV_BOOLEAN), (.bf16, BF16), (.f16, F16), (.f32, F32), (.f64, F64),
    (.i4, I4), (.i8, I8), (.i16, I16), (.i32, I32), (.i64, I64),
    (.u1, U1), (.u2, U2), (.u3, U3), (.u4, U4), (.u6, U6), (.u8, U8), (.u16, U16), (.u32, U32), (.u64, U64),
    (.nf4, NF4), (.f8e4m3, F8E4M3), (.f8e5m2, F8E5M3), (.string, STRING), (.f4e2m1, F4E2M1), (.f8e8m0, F8E8M0),
]

private let codesByType = Dictionary(uniqueKeysWithValues: codes)
private let typesByCode = Dictionary(uniqueKeysWithValues: codes.map { ($1.rawValue, $0) })

extension ElementType {
    /// The C API's code; `DYNAMIC` for a type without one, and the runtime refuses tensors of that type.
    var code: ov_element_type_e { codesByType[self] ?? DYNAMIC }

    init(code: ov_element_type_e) throws(OpenVINOError) {
        guard let type = typesByCode[code.rawValue] else { throw .unknownElementType(UInt32(code.rawValue)) }
        self = type
    }
}
