import Foundation

/// Whisper's normalization of English, before word errors are counted: besides that of `BasicTextNormalizer`, contractions and
/// titles are written out, numbers in figures, and British spellings become American; OpenAI's
/// `whisper/normalizers/english.py`.
public struct EnglishTextNormalizer: Sendable {
    private let spellings: [String: String]
    private let numbers = EnglishNumberNormalizer()

    /// - Throws: where the library's table of spellings is damaged or missing.
    public init() throws {
        guard let url = Bundle.module.url(forResource: "english-spellings.txt", withExtension: nil, subdirectory: "Resources")
        else { throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: "Resources/english-spellings.txt"]) }
        var spellings: [String: String] = [:]
        for line in try String(contentsOf: url, encoding: .utf8).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2 { spellings[String(words[0])] = String(words[1]) }
        }
        self.spellings = spellings
    }

    private static let fillers = Set(["hmm", "mm", "mhm", "mmm", "uh", "um"].map { ScalarText($0) })

    /// In this order. A "|" before a pattern: only at the start of a word. All must end where a word ends.
    private static let replacements = spelled.map { pattern, replacement in
        (
            pattern: ScalarText(pattern.filter { $0 != "|" }), atStartOfWord: pattern.hasPrefix("|"),
            replacement: ScalarText(replacement)
        )
    }

    private static let spelled: [(String, String)] = [
        ("|won't", "will not"), ("|can't", "can not"), ("|let's", "let us"), ("|ain't", "aint"), ("|y'all", "you all"),
        ("|wanna", "want to"), ("|gotta", "got to"), ("|gonna", "going to"), ("|i'ma", "i am going to"),
        ("|imma", "i am going to"), ("|woulda", "would have"), ("|coulda", "could have"), ("|shoulda", "should have"),
        ("|ma'am", "madam"), ("|mr", "mister "), ("|mrs", "missus "), ("|st", "saint "), ("|dr", "doctor "),
        ("|prof", "professor "), ("|capt", "captain "), ("|gov", "governor "), ("|ald", "alderman "), ("|gen", "general "),
        ("|sen", "senator "), ("|rep", "representative "), ("|pres", "president "), ("|rev", "reverend "),
        ("|hon", "honorable "), ("|asst", "assistant "), ("|assoc", "associate "), ("|lt", "lieutenant "),
        ("|col", "colonel "), ("|jr", "junior "), ("|sr", "senior "), ("|esq", "esquire "), ("'d been", " had been"),
        ("'s been", " has been"), ("'d gone", " had gone"), ("'s gone", " has gone"), ("'d done", " had done"),
        ("'s got", " has got"), ("n't", " not"), ("'re", " are"), ("'s", " is"), ("'d", " would"), ("'ll", " will"),
        ("'t", " not"), ("'ve", " have"), ("'m", " am"),
    ]

    /// Symbols that belong to numbers.
    private static let kept = ScalarText(".%$¢€£")

    public func callAsFunction(_ text: String) -> String {
        var result = ScalarText(text).lowercased.withoutBrackets
        result = result.replacing { text, place in
            guard text.isBoundary(place), text[place].isWordInPython else { return nil }
            let end = text[place...].firstIndex { !$0.isWordInPython } ?? text.count
            return Self.fillers.contains(Array(text[place..<end])) ? (end, []) : nil
        }
        // White space before an apostrophe.
        result = result.replacing { text, place in
            guard text[place].isSpaceInPython, let end = text[place...].firstIndex(where: { !$0.isSpaceInPython }),
                text[end] == "'"
            else { return nil }
            return (end + 1, ["'"])
        }
        for (pattern, atStartOfWord, replacement) in Self.replacements {
            result = result.replacing(pattern, atStartOfWord: atStartOfWord, with: replacement)
        }
        // Commas between digits, and periods that no digit follows.
        result = result.replacing { text, place in
            guard place + 2 < text.count, text[place].isDigitInPython, text[place + 1] == ",", text[place + 2].isDigitInPython
            else { return nil }
            return (place + 3, [text[place], text[place + 2]])
        }
        result = result.replacing { text, place in
            guard text[place] == "." else { return nil }
            guard place + 1 < text.count else { return (text.count, [" "]) }
            return text[place + 1].isASCIIDigit ? nil : (place + 2, [" ", text[place + 1]])
        }
        result = result.withoutSymbolsAndDiacritics(keeping: Self.kept)
        result = numbers(result)
        result = ScalarText(result.words.map { spellings[$0.text] ?? $0.text }.joined(separator: " "))
        // Symbols of numbers that no number follows, or none comes before.
        result = result.replacing { text, place in
            guard place + 1 < text.count, ScalarText(".$¢€£").contains(text[place]), !text[place + 1].isASCIIDigit else {
                return nil
            }
            return (place + 2, [" ", text[place + 1]])
        }
        result = result.replacing { text, place in
            guard place + 1 < text.count, !text[place].isASCIIDigit, text[place + 1] == "%" else { return nil }
            return (place + 2, [text[place], " "])
        }
        return result.withSingleSpaces.text
    }
}
