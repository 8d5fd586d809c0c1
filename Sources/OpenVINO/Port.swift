import COpenVINO
public import TensorStore

/// An input or output of a model.
public struct Port: Sendable, Hashable {
    public enum Direction: String, Sendable, Hashable { case input, output }

    public let direction: Direction
    public let index: Int
    /// One of the tensor's names (the C API returns only one of several); nil if it has none.
    public let name: String?
    public let elementType: ElementType
    public let shape: PartialShape

    /// Name used in messages; direction and index if the port has no name.
    public var label: String { name ?? "\(direction.rawValue) \(index)" }
}

/// A key for an input or output: a `String` (any of its names) or an `Int` (its index).
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

/// Owner of an `ov_output_const_port_t`, which the C API uses for both inputs and outputs.
struct PortHandle: ~Copyable {
    private let handle: OpaquePointer

    init(_ call: StaticString, _ body: (UnsafeMutablePointer<OpaquePointer?>) -> ov_status_e) throws(OpenVINOError) {
        handle = try create(call, body)
    }

    deinit { ov_output_const_port_free(handle) }

    /// nil for a tensor without a name, which the runtime reports as an error.
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

/// Reads the inputs or outputs of a model or compiled model. The C API has a separate set of functions for each.
struct PortReader {
    let direction: Port.Direction
    /// The model's handle; the caller keeps it alive.
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

    /// Looks up `reference` in `ports`, the result of `ports()`.
    /// - Throws: `.unknownPort`, which lists the existing ports.
    func port(_ reference: PortReference, among ports: [Port]) throws(OpenVINOError) -> Port {
        switch reference {
        case .index(let index):
            if ports.indices.contains(index) { return ports[index] }
        case .name(let name):
            if let port = ports.first(where: { $0.name == name }) { return port }
            // A tensor may have several names: look the tensor up by `name`, then compare the name that `ports` holds.
            if !name.utf8.contains(0), let handle = try? PortHandle("port_by_name", { nameCall(handle, name, $0) }),
                let known = handle.name, let port = ports.first(where: { $0.name == known })
            {
                return port
            }
        }
        throw .unknownPort(direction, key: "\(reference)", available: ports.map(\.label))
    }
}
