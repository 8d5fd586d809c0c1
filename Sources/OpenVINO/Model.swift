import COpenVINO
public import TensorStore

/// A model that has been read and can be compiled (`ov_model_t`).
///
/// Not `Sendable`, because reshaping mutates it.
public final class Model {
    let handle: OpaquePointer
    /// Owner of the constants' memory; nil if the runtime owns it.
    let weights: Tensor?

    init(owning handle: OpaquePointer, weights: Tensor?) {
        self.handle = handle
        self.weights = weights
    }

    deinit { ov_model_free(handle) }

    /// The model's name; the runtime generates one if the file has none.
    public var name: String {
        get throws(OpenVINOError) {
            var text: UnsafeMutablePointer<CChar>?
            try check("ov_model_get_friendly_name") { ov_model_get_friendly_name(handle, &text) }
            return text.map { takeString($0) } ?? ""
        }
    }

    /// Whether any shape in the model is known only at run time.
    public var isDynamic: Bool { ov_model_is_dynamic(handle) }

    /// The inputs with their current shapes, in the model's order.
    public var inputs: [Port] { get throws(OpenVINOError) { try inputReader.ports() } }
    /// The outputs with their current shapes, in the model's order.
    public var outputs: [Port] { get throws(OpenVINOError) { try outputReader.ports() } }

    /// - Throws: `.unknownPort`, which lists the existing ports.
    public func input(_ key: some PortKey) throws(OpenVINOError) -> Port {
        try inputReader.port(key.portReference, among: inputs)
    }

    /// - Throws: `.unknownPort`, which lists the existing ports.
    public func output(_ key: some PortKey) throws(OpenVINOError) -> Port {
        try outputReader.port(key.portReference, among: outputs)
    }

    /// Sets new input shapes together and infers all other shapes again.
    /// - Parameter shapes: shapes by input name; other inputs keep theirs.
    /// - Throws: `.unknownPort`; `.reshape` for a new shape without axes or of unknown rank, which the C API can't express;
    ///   `.runtime` if the shapes don't fit the graph, which then keeps its old shapes.
    public func reshape(_ shapes: [String: PartialShape]) throws(OpenVINOError) {
        var changes: [(key: String, value: PartialShape)] = []
        for (name, shape) in shapes where try input(name).shape != shape {
            guard shape.canReshape else { throw .reshape(port: name, shape) }
            changes.append((name, shape))
        }
        if !changes.isEmpty { try apply(changes) }
    }

    /// Sets new input shapes together, by index: for inputs without a name.
    /// - Throws: as `reshape(_:)` by name.
    public func reshape(_ shapes: [Int: PartialShape]) throws(OpenVINOError) {
        let inputs = try inputs
        var changes: [(index: Int, shape: PartialShape)] = []
        for (index, shape) in shapes.sorted(by: { $0.key < $1.key }) {
            let port = try inputReader.port(.index(index), among: inputs)
            guard port.shape != shape else { continue }
            guard shape.canReshape else { throw .reshape(port: port.label, shape) }
            changes.append((index, shape))
        }
        guard !changes.isEmpty else { return }
        let indices = changes.map(\.index)
        try PartialShape.withCShapes(changes.map(\.shape)) { (cShapes) throws(OpenVINOError) in
            try checkLong("ov_model_reshape_by_port_indexes") {
                ov_model_reshape_by_port_indexes(handle, indices, cShapes, cShapes.count)
            }
        }
    }

    private func apply(_ shapes: [(key: String, value: PartialShape)]) throws(OpenVINOError) {
        try PartialShape.withCShapes(shapes.map(\.value)) { (cShapes) throws(OpenVINOError) in
            try withCStrings(shapes.map(\.key)) { (names) throws(OpenVINOError) in
                var names = names
                try checkLong("ov_model_reshape") { ov_model_reshape(handle, &names, cShapes, cShapes.count) }
            }
        }
    }

    private var inputReader: PortReader {
        PortReader(
            direction: .input, handle: handle, countCall: ov_model_inputs_size, indexCall: ov_model_const_input_by_index,
            nameCall: ov_model_const_input_by_name)
    }

    private var outputReader: PortReader {
        PortReader(
            direction: .output, handle: handle, countCall: ov_model_outputs_size, indexCall: ov_model_const_output_by_index,
            nameCall: ov_model_const_output_by_name)
    }
}
