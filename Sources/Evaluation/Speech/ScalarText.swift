import Foundation

/// Text by its scalars, with the classes and rules of Python's `str` and `re`.
typealias ScalarText = [Unicode.Scalar]

extension Unicode.Scalar {
    /// `\s` and `str.isspace`.
    var isSpaceInPython: Bool {
        switch value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0: true
        default: value > 0xA0 && properties.isWhitespace
        }
    }

    /// `\w`: letters, numbers and the underscore, but no marks.
    var isWordInPython: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber, .letterNumber,
            .otherNumber:
            true
        default: self == "_"
        }
    }

    /// `\d`
    var isDigitInPython: Bool { properties.generalCategory == .decimalNumber }

    /// `[0-9]`
    var isASCIIDigit: Bool { ("0"..."9").contains(self) }

    /// Categories M, S and P.
    var isMarkSymbolOrPunctuation: Bool {
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol,
            .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation,
            .otherPunctuation:
            true
        default: false
        }
    }
}

extension ScalarText {
    init(_ text: String) { self = Array(text.unicodeScalars) }

    var text: String { String(String.UnicodeScalarView(self)) }

    /// `\b` before the scalar at `place`.
    func isBoundary(_ place: Int) -> Bool {
        let before = place > 0 && self[place - 1].isWordInPython
        let after = place < count && self[place].isWordInPython
        return before != after
    }

    /// Whether `other` stands at `place`.
    func has(_ other: ScalarText, at place: Int) -> Bool {
        other.count <= count - place && self[place..<place + other.count].elementsEqual(other)
    }

    /// The text with what `match` finds replaced, from left to right, as `re.sub` does.
    /// - Parameter match: the end of a match that starts at a place, and what comes instead; never empty matches.
    func replacing(_ match: (ScalarText, Int) -> (end: Int, replacement: ScalarText)?) -> ScalarText {
        var result: ScalarText = []
        result.reserveCapacity(count)
        var place = 0
        while place < count {
            if let (end, replacement) = match(self, place) {
                result += replacement
                place = end
            } else {
                result.append(self[place])
                place += 1
            }
        }
        return result
    }

    /// The text with each occurrence of `pattern` replaced that ends at a word's edge, and begins at one where asked for.
    func replacing(_ pattern: ScalarText, atStartOfWord: Bool, with replacement: ScalarText) -> ScalarText {
        replacing { text, place in
            guard text.has(pattern, at: place), text.isBoundary(place + pattern.count), !atStartOfWord || text.isBoundary(place)
            else { return nil }
            return (place + pattern.count, replacement)
        }
    }

    /// Runs of white space become one space.
    var withSingleSpaces: ScalarText {
        replacing { text, place in
            guard text[place].isSpaceInPython else { return nil }
            return (text[place...].firstIndex { !$0.isSpaceInPython } ?? text.count, [" "])
        }
    }

    /// `str.split()`
    var words: [ScalarText] { split(whereSeparator: \.isSpaceInPython).map(Array.init) }

    /// `str.lower()`: a capital sigma that ends a word becomes "ς".
    var lowercased: ScalarText {
        var result: ScalarText = []
        result.reserveCapacity(count)
        for (place, scalar) in enumerated() {
            if scalar == "Σ" {
                let before = self[..<place].last { !$0.properties.isCaseIgnorable }
                let after = self[(place + 1)...].first { !$0.properties.isCaseIgnorable }
                result.append(before?.properties.isCased == true && after?.properties.isCased != true ? "ς" : "σ")
            } else {
                result += scalar.properties.lowercaseMapping.unicodeScalars
            }
        }
        return result
    }

    // MARK: Cleaning

    /// Without what stands in `<…>`, `[…]` or `(…)`.
    var withoutBrackets: ScalarText {
        // Where nothing closes what opens here, nothing closes what opens later.
        var isUnclosed = false
        let angular = replacing { text, place in
            guard !isUnclosed, text[place] == "<" || text[place] == "[" else { return nil }
            guard let end = text[(place + 1)...].firstIndex(where: { $0 == ">" || $0 == "]" }) else {
                isUnclosed = true
                return nil
            }
            return (end + 1, [])
        }
        isUnclosed = false
        return angular.replacing { text, place in
            guard !isUnclosed, text[place] == "(" else { return nil }
            guard let end = text[(place + 1)...].firstIndex(of: ")") else {
                isUnclosed = true
                return nil
            }
            // "()" stays.
            return end > place + 1 ? (end + 1, []) : nil
        }
    }

    /// Composed (NFKC), with a space for each mark, symbol and punctuation mark.
    var withoutSymbols: ScalarText {
        ScalarText(text.precomposedStringWithCompatibilityMapping).map { $0.isMarkSymbolOrPunctuation ? " " : $0 }
    }

    /// Decomposed (NFKD) without accents, and with a space for each other mark, symbol and punctuation mark, but those of `kept`.
    func withoutSymbolsAndDiacritics(keeping kept: ScalarText = []) -> ScalarText {
        ScalarText(text.decomposedStringWithCompatibilityMapping).flatMap { scalar -> ScalarText in
            if kept.contains(scalar) { return [scalar] }
            if let letters = Self.undecomposed[scalar] { return letters }
            if scalar.properties.generalCategory == .nonspacingMark { return [] }
            return [scalar.isMarkSymbolOrPunctuation ? " " : scalar]
        }
    }

    /// Letters with marks that NFKD does not take apart.
    private static let undecomposed: [Unicode.Scalar: ScalarText] = [
        "œ": ["o", "e"], "Œ": ["O", "E"], "ø": ["o"], "Ø": ["O"], "æ": ["a", "e"], "Æ": ["A", "E"], "ß": ["s", "s"],
        "ẞ": ["S", "S"], "đ": ["d"], "Đ": ["D"], "ð": ["d"], "Ð": ["D"], "þ": ["t", "h"], "Þ": ["t", "h"], "ł": ["l"],
        "Ł": ["L"],
    ]
}
