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
