import COpenVINO
public import TensorStore

/// An input or output of a model.
public struct Port: Sendable, Hashable {
    public enum Direction: String, Sendable, Hashable { case input, output }

    public let direction: Direction
    public let index: Int
    /// One of the tensor's names (the C API tells only one of several); nil where it has none.
    public let name: String?
    public let elementType: ElementType
    public let shape: PartialShape

    /// How messages call it: by name, or by index where it has none.
    var label: String { name ?? "\(direction.rawValue) \(index)" }
}

/// What chooses an input or output: a `String` (any of its names) or an `Int` (its index).
public protocol PortKey: Sendable {
    var portReference: PortReference { get }
}

/// A port's name or its index.
public enum PortReference: Sendable, Hashable {
    case name(String)
    case index(Int)
}

extension String: PortKey { public var portReference: PortReference { .name(self) } }
extension Int: PortKey { public var portReference: PortReference { .index(self) } }
extension PortReference: PortKey { public var portReference: PortReference { self } }

extension PortReference: CustomStringConvertible {
    public var description: String {
        switch self {
        case .name(let name): "'\(name)'"
        case .index(let index): "\(index)"
        }
    }
}

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

/// Reads the inputs, or the outputs, of a model or of a compiled model: the C API has one set of calls for each.
struct PortReader {
    let direction: Port.Direction
    /// The model's handle; whoever makes a reader keeps it alive.
    let handle: OpaquePointer
    let countCall: (OpaquePointer, UnsafeMutablePointer<Int>) -> ov_status_e
    let indexCall: (OpaquePointer, Int, UnsafeMutablePointer<OpaquePointer?>) -> ov_status_e
    let nameCall: (OpaquePointer, UnsafePointer<CChar>, UnsafeMutablePointer<OpaquePointer?>) -> ov_status_e

    func ports() throws(OpenVINOError) -> [Port] {
        var count = 0
        try check("ports_size") { countCall(handle, &count) }
        var ports: [Port] = []
        for index in 0..<count {
            let port = try PortHandle("port_by_index") { indexCall(handle, index, $0) }
            ports.append(
                Port(
                    direction: direction, index: index, name: port.name, elementType: try port.elementType(),
                    shape: try port.partialShape()))
        }
        return ports
    }

    /// The one of `ports`, as `ports()` gave them, that `reference` means.
    func port(_ reference: PortReference, among ports: [Port]) throws(OpenVINOError) -> Port {
        switch reference {
        case .index(let index):
            if ports.indices.contains(index) { return ports[index] }
        case .name(let name):
            if let port = ports.first(where: { $0.name == name }) { return port }
            // It may be another name of the same tensor: ask for the tensor, then for the name that `ports` has for it.
            if !name.utf8.contains(0), let handle = try? PortHandle("port_by_name", { nameCall(handle, name, $0) }),
                let known = handle.name, let port = ports.first(where: { $0.name == known })
            {
                return port
            }
        }
        throw .unknownPort(direction, key: "\(reference)", available: ports.map(\.label))
    }
}
