import COpenVINO
public import TensorStore

/// An error of the runtime, or of passing values to and from it.
public enum OpenVINOError: Error, Equatable, Sendable {
    /// A call of the C API failed. `details` is the runtime's message, usually of several lines.
    case runtime(call: String, status: Status, details: String)
    /// A model has no input or output of this name or index.
    case unknownPort(Port.Direction, key: String, available: [String])
    case elementType(port: String, expected: ElementType, found: ElementType)
    case shape(port: String, expected: PartialShape, found: Shape)
    /// A shape with a negative axis, or too large for memory.
    case impossibleTensor(ElementType, Shape)
    /// A number of strings other than the shape's number of elements.
    case stringCount(Shape, found: Int)
    /// A NUL inside a string; C strings end at the first NUL.
    case embeddedNUL(in: String)
    /// An attempt to write to memory of a `Tensor`, which is read-only. `port` is the output that it was set for, if any.
    case readOnly(port: String?)
    /// An attempt to access a string tensor as bytes; its elements are C++ objects.
    case stringBytes
    /// A buffer smaller than type and shape need.
    case byteCount(ElementType, Shape, expected: Int, found: Int)
    /// A shape that inputs can't be reshaped to: no axes, unknown rank, a negative axis, or a lower bound above the upper.
    case reshape(port: String, PartialShape)
    /// A `ReadValue` or `Assign` without `variable_id`, on which the runtime's reader would terminate the process.
    case missingVariableID(layer: String, model: String)
    /// IR in UTF-16 or UTF-32.
    case encoding(model: String)
    case unreadableFile(path: String, reason: String)
    /// A property whose value is not of the expected type.
    case property(key: String, expected: String, found: String)
    /// A property whose value is a pointer; the runtime would interpret text as an address.
    case pointerProperty(key: String)
    /// An element type reported by the runtime that this version of the module doesn't know.
    case unknownElementType(UInt32)

    /// The status of a failed call; nil for other errors.
    public var status: Status? {
        if case .runtime(_, let status, _) = self { status } else { nil }
    }

    /// The runtime's message in one line without source locations; the description for other errors.
    public var reason: String {
        guard case .runtime(_, let status, let details) = self else { return description }
        let line = RuntimeMessage(details).reason
        return line.isEmpty ? "\(status)" : line
    }

    /// The runtime's unedited message; the description for other errors.
    public var details: String {
        if case .runtime(_, _, let details) = self { details } else { description }
    }
}

extension OpenVINOError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .runtime(let call, let status, _):
            "OpenVINO's \(call) failed (\(status.rawValue)): \(reason)"
        case .unknownPort(let direction, let key, let available):
            "The model has no \(direction) \(key); it has \(available.isEmpty ? "none" : available.joined(separator: ", "))."
        case .elementType(let port, let expected, let found):
            "'\(port)' takes elements of type \(expected), not \(found)."
        case .shape(let port, let expected, let found):
            "'\(port)' takes the shape \(expected), not \(found)."
        case .impossibleTensor(let type, let shape):
            "A tensor \(type) \(shape) has an invalid size, or one that does not fit in memory."
        case .stringCount(let shape, let found):
            "A string tensor \(shape) takes \(shape.checkedElementCount.map(String.init) ?? "no") strings, not \(found)."
        case .embeddedNUL(let place):
            "The \(place) contains a NUL character, which OpenVINO does not accept; remove it."
        case .readOnly(let port):
            "\(port.map { "'\($0)'" } ?? "A tensor") can't be written: its memory is read-only; use memory of its own."
        case .stringBytes: "A string tensor can't be accessed as bytes; read it as strings."
        case .byteCount(let type, let shape, let expected, let found):
            "A tensor \(type) \(shape) takes \(expected) bytes, but the memory has only \(found)."
        case .reshape(let port, let shape):
            "'\(port)' can't be reshaped to \(shape); give a shape with at least one axis and no negative one."
        case .missingVariableID(let layer, let model):
            "\(model): the layer '\(layer)' reads or assigns a variable without naming it (variable_id)."
        case .encoding(let model): "\(model): IR must be written in UTF-8."
        case .unreadableFile(let path, let reason): "\(path) can't be imported: \(reason)"
        case .property(let key, let expected, let found):
            "The property \(key) is '\(found)', not a value of type \(expected)."
        case .pointerProperty(let key): "The property \(key) takes a pointer, and can't be set as text."
        case .unknownElementType(let code):
            "OpenVINO reports element type number \(code), which this version does not know."
        }
    }
}

/// The status code of a call of the C API (`ov_status_e`).
public struct Status: RawRepresentable, Hashable, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }
    init(_ status: ov_status_e) { rawValue = Int32(status.rawValue) }

    public static let ok = Status(rawValue: 0)
    /// Status of almost every exception in the runtime; the message is more specific.
    public static let generalError = Status(rawValue: -1)
    public static let notImplemented = Status(rawValue: -2)
    public static let notFound = Status(rawValue: -5)
    public static let outOfBounds = Status(rawValue: -6)
    public static let unexpected = Status(rawValue: -7)
    /// The request has an inference running.
    public static let requestBusy = Status(rawValue: -8)
    public static let resultNotReady = Status(rawValue: -9)
    public static let inferCancelled = Status(rawValue: -13)
    /// The C layer refused an argument; there is no message.
    public static let invalidParameter = Status(rawValue: -14)
    public static let unknownException = Status(rawValue: -17)
}

extension Status: CustomStringConvertible {
    /// The C API's name for the status, such as `REQUEST_BUSY`.
    public var description: String {
        guard let text = ov_get_error_info(ov_status_e(rawValue: .init(rawValue))) else { return "status \(rawValue)" }
        return String(cString: text)
    }
}

/// A message of the runtime. Its text is mixed with the source locations that the exception passed:
///
///     Exception from src/inference/src/cpp/core.cpp:126:
///     Check 'a == b' failed at src/core/src/node.cpp:37:
///     While validating node 'opset1::MatMul y': …
struct RuntimeMessage {
    let text: String
    init(_ text: String) { self.text = text }

    /// The message in one line without locations. Conditions of failed checks are kept only if there is no other text.
    var reason: String {
        let lines = text.split(whereSeparator: \.isNewline).map(Self.trimmed).filter { !$0.isEmpty && !Self.isLocation($0) }
        let said = lines.filter { !Self.isCheck($0) }
        return (said.isEmpty ? lines : said).joined(separator: " ")
    }

    /// `Exception from src/….cpp:126:`
    private static func isLocation(_ line: String) -> Bool {
        line.hasPrefix("Exception from ") && line.hasSuffix(":")
    }

    /// `Check '…' failed at src/….cpp:37:`
    private static func isCheck(_ line: String) -> Bool {
        line.hasPrefix("Check '") && line.contains("' failed at ") && line.hasSuffix(":")
    }

    private static func trimmed(_ line: Substring) -> String {
        guard let first = line.firstIndex(where: { !$0.isWhitespace }), let last = line.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(line[first...last])
    }
}
