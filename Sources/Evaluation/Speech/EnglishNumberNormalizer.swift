/// Numbers in words become figures: "one hundred and five" is "105", "twenty million dollars" "$20000000", "one oh one" "101".
///
/// OpenAI's `EnglishNumberNormalizer`, with its habits: "1" becomes "one" again, "$2 and ¢7" "$2.07".
struct EnglishNumberNormalizer: Sendable {
    func callAsFunction(_ text: ScalarText) -> ScalarText {
        let words = Self.preprocessed(text).words.map(\.text)
        return Self.postprocessed(ScalarText(NumberWords(words).converted().joined(separator: " ")))
    }

    // MARK: Before

    private static func preprocessed(_ text: ScalarText) -> ScalarText {
        let joined = joiningHalves(text)
        // A space where a number meets a letter, but not before its suffix.
        let parted = joined.replacing { text, place in
            guard place + 1 < text.count else { return nil }
            let (first, second) = (text[place], text[place + 1])
            let meets = first.isASCIILetter && second.isASCIIDigit || first.isASCIIDigit && second.isASCIILetter
            return meets ? (place + 1, [first, " "]) : nil
        }
        return parted.replacing { text, place in
            guard text[place].isASCIIDigit, place + 1 < text.count, text[place + 1].isSpaceInPython,
                let start = text[(place + 1)...].firstIndex(where: { !$0.isSpaceInPython }),
                let suffix = suffixes.first(where: { text.has($0, at: start) && text.isBoundary(start + $0.count) })
            else { return nil }
            return (start + suffix.count, [text[place]] + suffix)
        }
    }

    private static let suffixes = ["st", "nd", "rd", "th", "s"].map { ScalarText($0) }

    /// "two and a half" becomes "two point five".
    private static func joiningHalves(_ text: ScalarText) -> ScalarText {
        var segments: [ScalarText] = [[]]
        var place = 0
        while place < text.count {
            if let end = endOfHalf(text, place) {
                segments.append([])
                place = end
            } else {
                segments[segments.count - 1].append(text[place])
                place += 1
            }
        }
        var results: [ScalarText] = []
        for (index, segment) in segments.enumerated() {
            let words = segment.words
            guard let last = words.last else { continue }
            results.append(segment)
            guard index < segments.count - 1 else { continue }
            results.append(ScalarText(NumberWords.allowsHalf(last.text) ? "point five" : "and a half"))
        }
        return Array(results.joined(separator: [" "]))
    }

    /// The end of `\band\s+a\s+half\b`.
    private static func endOfHalf(_ text: ScalarText, _ start: Int) -> Int? {
        guard text[start] == "a", text.isBoundary(start) else { return nil }
        var place = start
        for (index, word) in ["and", "a", "half"].map({ ScalarText($0) }).enumerated() {
            if index > 0 {
                guard place < text.count, text[place].isSpaceInPython else { return nil }
                place = text[place...].firstIndex { !$0.isSpaceInPython } ?? text.count
            }
            guard text.has(word, at: place) else { return nil }
            place += word.count
        }
        return text.isBoundary(place) ? place : nil
    }

    // MARK: After

    private static func postprocessed(_ text: ScalarText) -> ScalarText {
        let currencies: Set<Unicode.Scalar> = ["€", "£", "$"]
        // "$2 and ¢7" to "$2.07".
        var result = text.replacing { text, place in
            guard currencies.contains(text[place]) else { return nil }
            let end = text[(place + 1)...].firstIndex { !$0.isASCIIDigit } ?? text.count
            guard end > place + 1, end < text.count, text[end] == " " else { return nil }
            let and = ScalarText("and ")
            let sign = text.has(and, at: end + 1) ? end + 1 + and.count : end + 1
            guard sign < text.count, text[sign] == "¢", let cents = cents(text, sign + 1) else { return nil }
            let padded = (cents.digits.count < 2 ? ["0"] : []) + cents.digits
            return (cents.end, text[place..<end] + ["."] + padded)
        }
        // "$0.07" to "¢7"; any character may stand for the point.
        result = result.replacing { text, place in
            guard currencies.contains(text[place]), place + 3 < text.count, text[place + 1] == "0", text[place + 2] != "\n",
                let cents = cents(text, place + 3)
            else { return nil }
            let digits = cents.digits.count == 2 && cents.digits[0] == "0" ? [cents.digits[1]] : cents.digits
            return (cents.end, ["¢"] + digits)
        }
        return result.replacing { text, place in
            guard text[place] == "1", text.isBoundary(place) else { return nil }
            let one = ScalarText("one")
            if text.isBoundary(place + 1) { return (place + 1, one) }
            return place + 1 < text.count && text[place + 1] == "s" && text.isBoundary(place + 2) ? (place + 2, one + ["s"]) : nil
        }
    }

    /// One or two digits that end a word.
    private static func cents(_ text: ScalarText, _ start: Int) -> (digits: ScalarText, end: Int)? {
        guard start < text.count else { return nil }
        let end = text[start...].firstIndex { !$0.isASCIIDigit } ?? text.count
        guard (1...2).contains(end - start), text.isBoundary(end) else { return nil }
        return (Array(text[start..<end]), end)
    }
}

extension Unicode.Scalar {
    fileprivate var isASCIILetter: Bool { ("a"..."z").contains(self) }
}
