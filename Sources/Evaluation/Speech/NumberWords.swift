/// The words of a text, those of numbers to be converted; `process_words` of OpenAI's `EnglishNumberNormalizer`.
struct NumberWords {
    private let words: [String]
    private var output: [String] = []
    /// The sign or currency of the number that is being read.
    private var prefix: String?
    private var value: Value?
    private var skipsNext = false

    /// A number as far as it is read: one that can still grow by its value, or figures one after the other.
    private enum Value {
        case number(DecimalNumber)
        case figures(String)

        var text: String {
            switch self {
            case .number(let number): number.digits
            case .figures(let figures): figures
            }
        }
    }

    init(_ words: [String]) { self.words = words }

    mutating func convert(_ word: String, after previous: String?, before next: String?) {
        let hasPrefix = word.unicodeScalars.first.map { Self.prefixes.contains($0) } ?? false
        let figures = hasPrefix ? String(String.UnicodeScalarView(word.unicodeScalars.dropFirst())) : word
        if let number = DecimalNumber.Figures(figures) {
            addFigures(word, figures, number, hasPrefix: hasPrefix)
        } else if !Self.all.contains(word) {
            finishValue()
            emit(word)
        } else if Self.zeros.contains(word) {
            value = .figures(startedText + "0")
        } else if let number = Self.ones[word] {
            value = appended(number, after: previous)
        } else if let (number, suffix) = Self.suffixedOnes[word] {
            emit(appended(number, after: previous).text + suffix)
            value = nil
        } else if let number = Self.tens[word] {
            value = appendedTens(number)
        } else if let (number, suffix) = Self.suffixedTens[word] {
            emit(appendedTens(number).text + suffix)
            value = nil
        } else if let zeros = Self.multipliers[word] {
            multiply(zeros, isFinal: false, suffix: "")
        } else if let (zeros, suffix) = Self.suffixedMultipliers[word] {
            multiply(zeros, isFinal: true, suffix: suffix)
            value = nil
        } else if let sign = Self.precedingPrefixes[word] {
            finishValue()
            if isNumber(next) { prefix = sign } else { emit(word) }
        } else if let currency = Self.followingPrefixes[word] {
            if let value {
                prefix = currency
                emit(value.text)
            } else {
                emit(word)
            }
        } else if word == "percent" || word == "per" {
            addPercent(word, next)
        } else {
            addSpecial(word, after: previous, before: next)
        }
    }

    consuming func converted() -> [String] {
        for (index, word) in words.enumerated() {
            guard !skipsNext else {
                skipsNext = false
                continue
            }
            convert(word, after: index > 0 ? words[index - 1] : nil, before: index + 1 < words.count ? words[index + 1] : nil)
        }
        finishValue()
        return output
    }

    // MARK: Parts

    /// Puts out a word with the sign that came before it; the number being read is forgotten.
    private mutating func emit(_ text: String) {
        output.append((prefix ?? "") + text)
        (prefix, value) = (nil, nil)
    }

    private mutating func finishValue() { if let value { emit(value.text) } }

    /// The figures so far; none where they are a plain 0, which Python takes for nothing.
    private var startedText: String {
        if case .number(let number)? = value, number.isZero { return "" }
        return value?.text ?? ""
    }

    private func isNumber(_ word: String?) -> Bool {
        word.map { Self.all.contains($0) || DecimalNumber.Figures($0) != nil } ?? false
    }

    private mutating func addFigures(_ word: String, _ figures: String, _ number: DecimalNumber.Figures, hasPrefix: Bool) {
        if let value {
            if case .figures(let before) = value, before.hasSuffix(".") {
                // Decimals, or the parts of an address.
                self.value = .figures(before + word)
                return
            }
            emit(value.text)
        }
        if hasPrefix { prefix = word.unicodeScalars.first.map { String($0) } }
        value = number.whole.map(Value.number) ?? .figures(figures)
    }

    /// The value with 1 to 19 behind it.
    private func appended(_ number: Int, after previous: String?) -> Value {
        guard let value else { return .number(DecimalNumber(number)) }
        let followsOnes = previous.map { Self.ones[$0] != nil } ?? false
        if case .number(let whole) = value, !followsOnes {
            return whole.endingIn(number, digits: number < 10 ? 1 : 2).map(Value.number) ?? .figures(value.text + "\(number)")
        }
        if let previous, Self.tens[previous] != nil, number < 10 { return .figures(value.text.dropLast() + "\(number)") }
        return .figures(value.text + "\(number)")
    }

    private func appendedTens(_ number: Int) -> Value {
        switch value {
        case nil: .number(DecimalNumber(number))
        case .figures(let figures)?: .figures(figures + "\(number)")
        case .number(let whole)?: whole.endingIn(number, digits: 2).map(Value.number) ?? .figures(whole.digits + "\(number)")
        }
    }

    /// Multiplies by 10 to the power of `zeros`: the whole of figures, of a number what is below a thousand.
    private mutating func multiply(_ zeros: Int, isFinal: Bool, suffix: String) {
        let multiplier = DecimalNumber(1).timesTen(zeros)
        switch value {
        case nil: value = .number(multiplier)
        case .number(let number)?:
            // Zero is treated like figures, but stays zero.
            value = .number(number.multiplyingLastThree(byTen: zeros))
        case .figures(let figures)?:
            if let product = DecimalNumber.Figures(fraction: figures)?.timesTen(zeros) {
                value = .number(product)
            } else {
                emit(figures)
                value = .number(multiplier)
            }
        }
        if isFinal, let value { emit(value.text + suffix) }
    }

    private mutating func addPercent(_ word: String, _ next: String?) {
        guard let value else { return emit(word) }
        if word == "percent" {
            emit(value.text + "%")
        } else if next == "cent" {
            emit(value.text + "%")
            skipsNext = true
        } else {
            emit(value.text)
            emit(word)
        }
    }

    /// "and", "double", "triple" and "point", which count only before a number.
    private mutating func addSpecial(_ word: String, after previous: String?, before next: String?) {
        guard let next, isNumber(next) else {
            finishValue()
            return emit(word)
        }
        switch word {
        case "and":
            // Left out after hundreds and thousands.
            if previous.map({ Self.multipliers[$0] != nil }) ?? false { return }
            finishValue()
            emit(word)
        case "point":
            if Self.zeros.contains(next) || Self.ones[next] != nil || Self.tens[next] != nil || DecimalNumber.Figures(next) != nil
            {
                value = .figures(startedText + ".")
            }
        default:
            guard Self.zeros.contains(next) || Self.ones[next] != nil else {
                finishValue()
                return emit(word)
            }
            value = .figures(startedText + String(repeating: "\(Self.ones[next] ?? 0)", count: word == "double" ? 2 : 3))
            skipsNext = true
        }
    }
}

extension NumberWords {
    /// Whether "and a half" after this word belongs to its number.
    static func allowsHalf(_ word: String) -> Bool {
        zeros.contains(word) || ones[word] != nil || tens[word] != nil || multipliers[word] != nil
    }

    fileprivate static let zeros: Set = ["o", "oh", "zero"]

    private static let onesInOrder = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
        "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    ]
    fileprivate static let ones = Dictionary(uniqueKeysWithValues: onesInOrder.enumerated().map { ($0.element, $0.offset + 1) })

    fileprivate static let suffixedOnes: [String: (Int, String)] = {
        var words: [String: (Int, String)] = [
            "zeroth": (0, "th"), "first": (1, "st"), "second": (2, "nd"), "third": (3, "rd"), "fifth": (5, "th"),
            "twelfth": (12, "th"),
        ]
        for (name, value) in ones {
            words[name == "six" ? "sixes" : "\(name)s"] = (value, "s")
            if value > 3, value != 5, value != 12 { words[name.hasSuffix("t") ? "\(name)h" : "\(name)th"] = (value, "th") }
        }
        return words
    }()

    fileprivate static let tens = [
        "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    ]

    fileprivate static let suffixedTens: [String: (Int, String)] = tens.reduce(into: [:]) { words, item in
        words["\(item.key.dropLast())ies"] = (item.value, "s")
        words["\(item.key.dropLast())ieth"] = (item.value, "th")
    }

    /// The zeros of each.
    fileprivate static let multipliers = [
        "hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12, "quadrillion": 15, "quintillion": 18,
        "sextillion": 21, "septillion": 24, "octillion": 27, "nonillion": 30, "decillion": 33,
    ]

    fileprivate static let suffixedMultipliers: [String: (Int, String)] = multipliers.reduce(into: [:]) { words, item in
        words["\(item.key)s"] = (item.value, "s")
        words["\(item.key)th"] = (item.value, "th")
    }

    fileprivate static let precedingPrefixes = ["minus": "-", "negative": "-", "plus": "+", "positive": "+"]
    fileprivate static let followingPrefixes = [
        "pound": "£", "pounds": "£", "euro": "€", "euros": "€", "dollar": "$", "dollars": "$", "cent": "¢", "cents": "¢",
    ]
    fileprivate static let prefixes: Set<Unicode.Scalar> = ["-", "+", "£", "€", "$", "¢"]

    fileprivate static let all: Set<String> = Set(["per", "percent", "and", "double", "triple", "point"])
        .union(zeros).union(ones.keys).union(suffixedOnes.keys).union(tens.keys).union(suffixedTens.keys)
        .union(multipliers.keys).union(suffixedMultipliers.keys).union(precedingPrefixes.keys).union(followingPrefixes.keys)
}
