import COpenVINO
import TensorStore

/// Owner of an `ov_output_const_port_t`, the C API's word for an input or output alike.
struct PortHandle: ~Copyable {
    private let handle: OpaquePointer

    init(_ call: StaticString, _ body: (UnsafeMutablePointer<OpaquePointer?>) -> ov_status_e) throws(OpenVINOError) {
        handle = try create(call, body)
    }

    deinit { ov_output_const_port_free(handle) }

    /// nil for a tensor without a name, for which the runtime reports an error.
    var name: String? {
        var text: UnsafeMutablePointer<CChar>?
        do { try check("ov_port_get_any_name") { ov_port_get_any_name(handle, &text) } } catch { return nil }
        return text.map { takeString($0) }
    }

    func elementType() throws(OpenVINOError) -> ElementType {
        var type = DYNAMIC
        try check("ov_port_get_element_type") { ov_port_get_element_type(handle, &type) }
        return try ElementType(code: type)
    }

    func partialShape() throws(OpenVINOError) -> PartialShape {
        var shape = ov_partial_shape_t(rank: ov_rank_t(min: 0, max: 0), dims: nil)
        defer { ov_partial_shape_free(&shape) }
        try check("ov_port_get_partial_shape") { ov_port_get_partial_shape(handle, &shape) }
        return PartialShape(shape)
    }
}
