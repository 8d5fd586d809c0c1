/// A token that is found in the text itself, before it is split into words.
public struct AddedToken: Sendable, Hashable {
    public var content: String
    /// Whether it steers the model, as the end of text does, rather than stands for words.
    public var isSpecial: Bool
    /// Whether it is looked for in the normalized (composed, lowercased) text rather than in the text as given.
    /// nil: unless it is special.
    public var normalized: Bool?
    /// Whether white space before it belongs to it.
    public var stripsLeft: Bool
    /// Whether white space after it belongs to it.
    public var stripsRight: Bool
    /// Whether it is found only where no letter, digit or underscore touches it.
    public var isSingleWord: Bool

    public init(
        _ content: String, isSpecial: Bool = true, normalized: Bool? = nil,
        stripsLeft: Bool = false, stripsRight: Bool = false, isSingleWord: Bool = false
    ) {
        self.content = content
        self.isSpecial = isSpecial
        self.normalized = normalized
        self.stripsLeft = stripsLeft
        self.stripsRight = stripsRight
        self.isSingleWord = isSingleWord
    }

    var isNormalized: Bool { normalized ?? !isSpecial }
}
