/// A word of a window, aligned with its sound.
struct AlignedWord: Equatable {
    /// Empty where it was joined with another word.
    var text: String
    var tokenCount: Int
    /// Seconds from the window's beginning.
    var start: Double
    var end: Double
    var probability: Double

    var duration: Double { end - start }
}

extension String {
    /// Whether the scalars of this text, which may be none, stand in `list` one after the other; Python's `in`.
    func isPart(of list: String) -> Bool {
        let content = Array(unicodeScalars)
        return content.isEmpty || Array(list.unicodeScalars).firstRange(of: content) != nil
    }
}
