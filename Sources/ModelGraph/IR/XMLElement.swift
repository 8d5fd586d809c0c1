/// An XML element with its text and children.
public struct XMLElement: Sendable, Hashable {
    public var name: String
    /// The attributes, in the document's order.
    public var attributes: [Attribute]
    public var children: [XMLElement]
    /// The text directly inside, white space at its ends dropped.
    public var text: String

    public init(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], children: [XMLElement] = [], text: String = "")
    {
        self.name = name
        self.attributes = attributes.map { Attribute($0.key, $0.value) }
        self.children = children
        self.text = text
    }

    public typealias Attribute = Node.Attribute

    /// The value of the attribute called `name`.
    public subscript(_ name: String) -> String? { attributes.first { $0.name == name }?.value }

    /// The first child called `name`.
    public func child(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    /// The children called `name`.
    public func children(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }
}
