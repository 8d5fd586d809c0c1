public import TensorStore

/// One operation of a graph.
public struct Node: Sendable {
    /// Unique in its graph. OpenVINO calls this the friendly name.
    public var name: String
    /// OpenVINO's type of the operation, as IR writes it: `MatMul`, `Const` …
    public var type: String
    /// The set that defines the operation: `opset1` …, or `extension` for operations of an extension library.
    public var opset: String
    /// IR's `<data …/>`, in the file's order.
    public var attributes: [Attribute]
    public var inputs: [Value]
    public var outputs: [Output]
    /// The bytes of a `Const`.
    public var constant: ConstantData?
    /// The children of the layer's `<rt_info>` in IR, except annotations that have a type in this module.
    public var runtimeInfo: [XMLElement]
    /// Factors that smoothing folded into the weights; nil where there are none.
    public var smoothing: ChannelSmoothing?
    /// Other children of the layer, kept verbatim: the bodies and port maps of `If`, `Loop` and `TensorIterator`.
    public var bodies: [XMLElement]
    /// The file that contains the constants inside `bodies`.
    public var bodyWeights: MappedFile?
    /// Attributes of the layer in IR other than id, name, type and opset, and the `<rt_info>` of input ports by index.
    public var layerAttributes: [Attribute] = []
    public var inputInfo: [Int: [XMLElement]] = [:]

    public init(
        name: String, type: String, opset: String, attributes: [Attribute] = [], inputs: [Value] = [], outputs: [Output] = [],
        constant: ConstantData? = nil, runtimeInfo: [XMLElement] = [], bodies: [XMLElement] = [], bodyWeights: MappedFile? = nil
    ) {
        self.name = name
        self.type = type
        self.opset = opset
        self.attributes = attributes
        self.inputs = inputs
        self.outputs = outputs
        self.constant = constant
        self.runtimeInfo = runtimeInfo
        self.bodies = bodies
        self.bodyWeights = bodyWeights
    }

    /// One attribute of an operation, as IR spells it.
    public struct Attribute: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// One output port.
    public struct Output: Sendable, Hashable {
        public var elementType: ElementType
        public var shape: PartialShape
        /// Tensor names, by which a compiled model finds its inputs and outputs.
        public var names: [String]
        /// The children of IR's `<rt_info>` of this port.
        public var runtimeInfo: [XMLElement]

        public init(elementType: ElementType, shape: PartialShape, names: [String] = [], runtimeInfo: [XMLElement] = []) {
            self.elementType = elementType
            self.shape = shape
            self.names = names
            self.runtimeInfo = runtimeInfo
        }
    }

    /// The value of the attribute called `name`.
    public subscript(attribute name: String) -> String? {
        get { attributes.first { $0.name == name }?.value }
        set {
            let index = attributes.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): attributes[index].value = value
            case (let index?, nil): attributes.remove(at: index)
            case (nil, let value?): attributes.append(Attribute(name, value))
            case (nil, nil): break
            }
        }
    }
}

/// The bytes of a constant: an array, or a range of a mapped file, which is never copied.
public enum ConstantData: Sendable {
    case bytes([UInt8])
    /// `offset` needs no alignment: the runtime reads constants at odd addresses too.
    case file(MappedFile, offset: Int, byteCount: Int)

    public var byteCount: Int {
        switch self {
        case .bytes(let bytes): bytes.count
        case .file(_, _, let byteCount): byteCount
        }
    }

    /// Lends the bytes of either case.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch self {
        case .bytes(let bytes):
            let result = bytes.withUnsafeBytes { bytes in Swift.Result { () throws(Failure) in try body(bytes) } }
            return try result.get()
        case .file(let file, let offset, let byteCount):
            return try file.withUnsafeBytes { (bytes) throws(Failure) in
                try body(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + byteCount]))
            }
        }
    }
}

extension Node {
    /// Whether the node is a constant (`Const`, or `Constant` in bodies of older IR).
    var isConstant: Bool { ModelGraph.isConstant(type) }

    /// A Boolean attribute, which IR spells `true` or `1`; false where it is missing.
    public func flag(_ name: String) -> Bool { ["true", "1"].contains(self[attribute: name]?.lowercased()) }

    /// A whole number; nil where the attribute is missing or is none.
    public func integer(_ name: String) -> Int? { self[attribute: name].flatMap { Int($0.filter { !$0.isWhitespace }) } }

    /// A floating-point number; nil where the attribute is missing or is none.
    public func float(_ name: String) -> Float? { self[attribute: name].flatMap { Float($0.filter { !$0.isWhitespace }) } }

    /// Whole numbers separated by commas; nil where the attribute is missing or an element is not a whole number.
    public func integers(_ name: String) -> [Int]? {
        guard let text = self[attribute: name] else { return nil }
        let numbers = text.split(separator: ",").map { Int($0.filter { !$0.isWhitespace }) }
        return numbers.contains(nil) ? nil : numbers.compactMap(\.self)
    }
}
