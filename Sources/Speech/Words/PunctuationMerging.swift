/// Marks that are written together with a word.
enum Punctuation {
    /// Those that belong to the word after them.
    static let opening = "\"'“¿([{-"
    /// Those that belong to the word before them.
    static let closing = "\"'.。,，!！?？:：”)]}、"
    static let all = opening + closing
}

extension [AlignedWord] {
    /// Joins punctuation with the words beside it; the words that were punctuation stay, empty.
    ///
    /// Reference: OpenAI's `merge_punctuations`.
    mutating func mergePunctuation() {
        var following = count - 1
        for index in indices.dropLast().reversed() {
            let mark = self[index]
            if mark.text.unicodeScalars.first == " ", mark.text.trimmed.isPart(of: Punctuation.opening) {
                self[following].text = mark.text + self[following].text
                self[following].tokenCount += mark.tokenCount
                empty(index)
            } else {
                following = index
            }
        }
        var previous = 0
        for index in indices.dropFirst() {
            let mark = self[index]
            if self[previous].text.unicodeScalars.last != " ", mark.text.isPart(of: Punctuation.closing) {
                self[previous].text += mark.text
                self[previous].tokenCount += mark.tokenCount
                empty(index)
            } else {
                previous = index
            }
        }
    }

    private mutating func empty(_ index: Int) { (self[index].text, self[index].tokenCount) = ("", 0) }
}
