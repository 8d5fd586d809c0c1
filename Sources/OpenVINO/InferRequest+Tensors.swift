import COpenVINO
public import TensorStore

extension InferRequest {
    // MARK: Inputs

    /// Sets an input to the tensor's own memory, which the request keeps until another is set.
    /// - Throws: `.unknownPort`, `.elementType`, `.shape`; `.runtime` with REQUEST_BUSY during an inference.
    public func setInput(_ key: some PortKey, to tensor: Tensor) throws(OpenVINOError) {
        try setInput(key, to: InferTensor(tensor))
    }

    /// Sets an input to memory that is shared with whoever else has `tensor`, such as the request that writes it.
    public func setInput(_ key: some PortKey, to tensor: InferTensor) throws(OpenVINOError) {
        let port = try model.input(key)
        try port.requireAccepts(tensor)
        try check("ov_infer_request_set_input_tensor_by_index") {
            ov_infer_request_set_input_tensor_by_index(handle.pointer, port.index, tensor.handle)
        }
        handle.inputs[port.index] = tensor
    }

    /// Sets an input to strings, row-major.
    /// - Throws: `.stringCount` and `.embeddedNUL` besides.
    public func setInput(_ key: some PortKey, to strings: [String], shape: Shape) throws(OpenVINOError) {
        try setInput(key, to: InferTensor(strings, shape: shape))
    }

    /// The tensor that an input has: one that was set, or the runtime's own, to be written in place.
    public func input(_ key: some PortKey) throws(OpenVINOError) -> InferTensor {
        let port = try model.input(key)
        let pointer = try create("ov_infer_request_get_input_tensor_by_index") {
            ov_infer_request_get_input_tensor_by_index(handle.pointer, port.index, $0)
        }
        return InferTensor(owning: pointer, owner: .request(of: model, handle.inputs[port.index]))
    }

    // MARK: Outputs

    /// Sets the memory that an output is written to, of the output's own type and shape.
    /// - Throws: `.readOnly` besides, for memory that a tensor value lends.
    public func setOutput(_ key: some PortKey, to tensor: InferTensor) throws(OpenVINOError) {
        let port = try model.output(key)
        guard !tensor.isReadOnly else { throw .readOnly(port: port.label) }
        try port.requireAccepts(tensor)
        try check("ov_infer_request_set_output_tensor_by_index") {
            ov_infer_request_set_output_tensor_by_index(handle.pointer, port.index, tensor.handle)
        }
        handle.outputs[port.index] = tensor
    }

    /// The tensor that an output is written to, without a copy: what it holds changes with this request's next inference.
    /// Set it as an input of another request to hand a result on.
    public func output(_ key: some PortKey) throws(OpenVINOError) -> InferTensor {
        let port = try model.output(key)
        let pointer = try create("ov_infer_request_get_output_tensor_by_index") {
            ov_infer_request_get_output_tensor_by_index(handle.pointer, port.index, $0)
        }
        return InferTensor(owning: pointer, owner: .request(of: model, handle.outputs[port.index]))
    }

    /// A copy of an output.
    public func outputTensor(_ key: some PortKey) throws -> Tensor {
        try output(key).copy()
    }

    /// A copy of an output of strings, row-major.
    public func outputStrings(_ key: some PortKey) throws(OpenVINOError) -> [String] {
        try output(key).strings()
    }

    /// Lends an output's bytes, row-major, with shape and type.
    public func withOutput<Result>(
        _ key: some PortKey, _ body: (UnsafeRawBufferPointer, Shape, ElementType) throws -> Result
    ) throws -> Result {
        let tensor = try output(key)
        let (shape, type) = (try tensor.shape, try tensor.elementType)
        return try tensor.withUnsafeBytes { try body($0, shape, type) }
    }
}

extension Port {
    /// Refuses a tensor of another type or shape before the runtime does, whose words for it are hard to read.
    fileprivate func requireAccepts(_ tensor: InferTensor) throws(OpenVINOError) {
        let (foundType, foundShape) = (try tensor.elementType, try tensor.shape)
        guard elementType == foundType || elementType == .dynamic else {
            throw .elementType(port: label, expected: elementType, found: foundType)
        }
        guard shape.accepts(foundShape) else { throw .shape(port: label, expected: shape, found: foundShape) }
    }
}
