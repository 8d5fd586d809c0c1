import COpenVINO
import TensorStore

extension PartialShape {
    init(_ shape: ov_partial_shape_t) {
        // Not by `ov_rank_is_dynamic`, which takes a scalar's rank of 0 for an unknown one.
        guard shape.rank.min == shape.rank.max else {
            self.init(nil)
            return
        }
        let count = shape.dims == nil ? 0 : Int(shape.rank.max)
        self.init(UnsafeBufferPointer(start: shape.dims, count: count).map(Dimension.init))
    }

    /// Whether inputs can be reshaped to it: the C API makes `[?]` of a shape without axes and of one of unknown rank.
    var canReshape: Bool {
        guard let dimensions, !dimensions.isEmpty else { return false }
        return dimensions.allSatisfy { dimension in
            switch dimension {
            case .fixed(let value): value >= 0
            case .dynamic(let minimum, let maximum): minimum >= 0 && maximum ?? .max >= minimum
            }
        }
    }

    /// Lends shapes that `canReshape` as the C API's structs. Filled by hand, since `ov_partial_shape_create` refuses
    /// axes of size 0, and `?` in the very form in which the runtime reports it.
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

    /// Whether a tensor of this shape may stand where the partial shape is asked for.
    func accepts(_ shape: Shape) -> Bool {
        guard let dimensions else { return true }
        return dimensions.count == shape.rank && zip(dimensions, shape).allSatisfy { $0.isCompatible(with: .fixed($1)) }
    }
}

extension Dimension {
    /// An upper bound of -1, or of the largest number, is none.
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
