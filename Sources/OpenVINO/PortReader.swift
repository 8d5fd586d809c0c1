import COpenVINO

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
