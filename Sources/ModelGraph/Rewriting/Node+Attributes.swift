extension Node {
    /// Whether the node is a constant (`Const`, or `Constant` in bodies of older IR).
    var isConstant: Bool { ModelGraph.isConstant(type) }

    /// A Boolean attribute, which IR spells `true` or `1`; false where it is missing.
    public func flag(_ name: String) -> Bool { ["true", "1"].contains(self[attribute: name]?.lowercased()) }

    /// A whole number; nil where the attribute is missing or is none.
    public func integer(_ name: String) -> Int? { self[attribute: name].flatMap { Int($0.filter { !$0.isWhitespace }) } }

    /// A floating-point number; nil where the attribute is missing or is none.
    public func float(_ name: String) -> Float? { self[attribute: name].flatMap { Float($0.filter { !$0.isWhitespace }) } }

    /// Whole numbers separated by commas; nil where the attribute is missing or an element is no whole number.
    public func integers(_ name: String) -> [Int]? {
        guard let text = self[attribute: name] else { return nil }
        let numbers = text.split(separator: ",").map { Int($0.filter { !$0.isWhitespace }) }
        return numbers.contains(nil) ? nil : numbers.compactMap(\.self)
    }
}
