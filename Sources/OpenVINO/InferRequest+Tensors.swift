import COpenVINO
public import TensorStore

extension InferRequest {
    // MARK: Inputs

    /// Sets an input to the tensor's memory without a copy. The request retains it until another tensor is set.
    /// - Throws: `.unknownPort`, `.elementType`, `.shape`; `.runtime` with REQUEST_BUSY during an inference.
    public func setInput(_ key: some PortKey, to tensor: Tensor) throws(OpenVINOError) {
        try setInput(key, to: InferTensor(tensor))
    }

    /// Sets an input to memory shared with other users of `tensor`, such as the request that writes it.
    public func setInput(_ key: some PortKey, to tensor: InferTensor) throws(OpenVINOError) {
        let port = try model.input(key)
        try port.requireAccepts(tensor)
        try check("ov_infer_request_set_input_tensor_by_index") {
            ov_infer_request_set_input_tensor_by_index(handle.pointer, port.index, tensor.handle)
        }
        handle.inputs[port.index] = tensor
    }

    /// Sets an input to strings, row-major.
    /// - Throws: as with a tensor, and `.stringCount`, `.embeddedNUL`.
    public func setInput(_ key: some PortKey, to strings: [String], shape: Shape) throws(OpenVINOError) {
        try setInput(key, to: InferTensor(strings, shape: shape))
    }

    /// An input's current tensor: the one that was set, or the runtime's own, which can be written in place.
    public func input(_ key: some PortKey) throws(OpenVINOError) -> InferTensor {
        let port = try model.input(key)
        let pointer = try create("ov_infer_request_get_input_tensor_by_index") {
            ov_infer_request_get_input_tensor_by_index(handle.pointer, port.index, $0)
        }
        return InferTensor(owning: pointer, owner: .request(of: model, handle.inputs[port.index]))
    }

    // MARK: Outputs

    /// Sets the memory that an output is written to. Its type and shape must be the output's.
    /// - Throws: as `setInput`, and `.readOnly` for memory of a `Tensor`.
    public func setOutput(_ key: some PortKey, to tensor: InferTensor) throws(OpenVINOError) {
        let port = try model.output(key)
        guard !tensor.isReadOnly else { throw .readOnly(port: port.label) }
        try port.requireAccepts(tensor)
        try check("ov_infer_request_set_output_tensor_by_index") {
            ov_infer_request_set_output_tensor_by_index(handle.pointer, port.index, tensor.handle)
        }
        handle.outputs[port.index] = tensor
    }

    /// The tensor that an output is written to, without a copy. The request's next inference overwrites it. To pass a
    /// result on, set it as an input of another request.
    public func output(_ key: some PortKey) throws(OpenVINOError) -> InferTensor {
        let port = try model.output(key)
        let pointer = try create("ov_infer_request_get_output_tensor_by_index") {
            ov_infer_request_get_output_tensor_by_index(handle.pointer, port.index, $0)
        }
        return InferTensor(owning: pointer, owner: .request(of: model, handle.outputs[port.index]))
    }

    /// Copies an output.
    public func outputTensor(_ key: some PortKey) throws -> Tensor {
        try output(key).copy()
    }

    /// Copies an output of strings, row-major.
    public func outputStrings(_ key: some PortKey) throws(OpenVINOError) -> [String] {
        try output(key).strings()
    }

    /// Lends an output's bytes (row-major), shape and type to `body`.
    public func withOutput<Result>(
        _ key: some PortKey, _ body: (UnsafeRawBufferPointer, Shape, ElementType) throws -> Result
    ) throws -> Result {
        let tensor = try output(key)
        let (shape, type) = (try tensor.shape, try tensor.elementType)
        return try tensor.withUnsafeBytes { try body($0, shape, type) }
    }
}

extension Port {
    /// Refuses a tensor of another type or shape. The runtime does so too, but with a message that is hard to read.
    fileprivate func requireAccepts(_ tensor: InferTensor) throws(OpenVINOError) {
        let (foundType, foundShape) = (try tensor.elementType, try tensor.shape)
        guard elementType == foundType || elementType == .dynamic else {
            throw .elementType(port: label, expected: elementType, found: foundType)
        }
        guard shape.accepts(foundShape) else { throw .shape(port: label, expected: shape, found: foundShape) }
    }
}
