public import TensorStore

extension Graph {
    /// The value of a variable of the request (ReadValue, opset6): what `assign` stored in the run before, and `initial` in the
    /// first run. A key/value cache is a variable whose length is a dynamic axis.
    ///
    /// - Parameters:
    ///   - variable: the variable's identifier, which no other `readValue` of the graph has.
    ///   - initial: computed in the first run of a request alone.
    ///   - shape: of every value that the variable can have; nil for the shape of `initial`.
    /// - Throws: `GraphError.operands` for a shape that `initial` does not have, or an element type that is unknown;
    ///   `GraphError.structure` for an identifier that is empty or taken.
    public mutating func readValue(
        _ variable: String, initial: Value, shape: PartialShape? = nil, name: String? = nil
    ) throws(GraphError) -> Value {
        let shape = shape ?? initial.shape
        guard initial.elementType != .dynamic, initial.shape.isCompatible(with: shape) else {
            throw refusal("ReadValue", [initial], "the first value must be of a known type and of the shape \(shape)", name: name)
        }
        guard !variable.isEmpty, !nodes.contains(where: { $0.type == "ReadValue" && $0.variable == variable }) else {
            let reason = variable.isEmpty ? "a variable needs an identifier" : "the variable '\(variable)' is read already"
            throw .structure(node: name ?? nodeName("ReadValue"), reason: reason)
        }
        return append(
            "ReadValue", opset: 6, name: name,
            attributes: [
                .init("variable_id", variable), .init("variable_type", initial.elementType.rawValue),
                .init("variable_shape", shape.irDescription),
            ],
            inputs: [initial], elementType: initial.elementType, shape: shape)
    }

    /// Stores `value` in a variable for the next run of the request (Assign, opset6).
    ///
    /// - Throws: `GraphError.operands` for a value that is not of the variable's type and shape; `GraphError.structure` for a
    ///   variable that no `readValue` made, or that is stored already.
    public mutating func assign(_ value: Value, to variable: String, name: String? = nil) throws(GraphError) {
        guard let read = nodes.firstIndex(where: { $0.type == "ReadValue" && $0.variable == variable }),
            !nodes.contains(where: { $0.type == "Assign" && $0.variable == variable })
        else {
            throw .structure(
                node: name ?? nodeName("Assign"), reason: "the variable '\(variable)' must be read once and stored once")
        }
        let kept = self.value(read)
        guard value.elementType == kept.elementType, value.shape.isCompatible(with: kept.shape) else {
            throw refusal("Assign", [value, kept], "the value must be of the variable's type and shape", name: name)
        }
        _ = append(
            "Assign", opset: 6, name: name, attributes: [.init("variable_id", variable)], inputs: [value],
            elementType: value.elementType, shape: value.shape)
    }

    /// Identifiers of the variables that the graph reads, in order; without those in the bodies of `If` and `Loop`.
    public var variables: [String] { nodes.filter { $0.type == "ReadValue" }.compactMap(\.variable) }
}

extension Node {
    /// The variable that a ReadValue or an Assign belongs to.
    fileprivate var variable: String? { self[attribute: "variable_id"] }
}
