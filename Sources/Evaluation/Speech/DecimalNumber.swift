/// A whole number of any size from 0 on, by its decimal digits; numbers in words have no limit.
struct DecimalNumber: Sendable {
    /// "0" to "9", without zeros at the start.
    let digits: String

    init(_ number: Int) { digits = "\(max(0, number))" }

    /// - Parameter digits: of ASCII.
    private init(_ digits: some Collection<UInt8>) {
        let significant = digits.drop { $0 == UInt8(ascii: "0") }
        self.digits = significant.isEmpty ? "0" : String(decoding: significant, as: UTF8.self)
    }

    var isZero: Bool { digits == "0" }

    func timesTen(_ power: Int) -> DecimalNumber {
        DecimalNumber(Array(digits.utf8) + Array(repeating: UInt8(ascii: "0"), count: power))
    }

    /// The number plus `addend`, of at most `count` digits; nil where it does not end in as many zeros.
    func endingIn(_ addend: Int, digits count: Int) -> DecimalNumber? {
        let padded = Array(repeating: UInt8(ascii: "0"), count: count) + Array(digits.utf8)
        guard padded.suffix(count).allSatisfy({ $0 == UInt8(ascii: "0") }) else { return nil }
        let added = Array("\(addend)".utf8)
        guard added.count <= count else { return nil }
        return DecimalNumber(padded.dropLast(added.count) + added)
    }

    /// The thousands, plus what is below a thousand times 10 to the power of `power`.
    func multiplyingLastThree(byTen power: Int) -> DecimalNumber {
        let all = Array(digits.utf8)
        let thousands = DecimalNumber(all.dropLast(3) + Array(repeating: UInt8(ascii: "0"), count: 3))
        return thousands + DecimalNumber(all.suffix(3)).timesTen(power)
    }

    static func + (a: DecimalNumber, b: DecimalNumber) -> DecimalNumber {
        let (a, b) = (Array(a.digits.utf8.reversed()), Array(b.digits.utf8.reversed()))
        var sum: [UInt8] = []
        var carry: UInt8 = 0
        for place in 0..<max(a.count, b.count) + 1 {
            let total = carry + (place < a.count ? a[place] & 15 : 0) + (place < b.count ? b[place] & 15 : 0)
            sum.append(UInt8(ascii: "0") + total % 10)
            carry = total / 10
        }
        return DecimalNumber(sum.reversed())
    }

    /// A number in figures, "12" or "12.50", in any script's digits: Python's `^\d+(\.\d+)?$`.
    struct Figures {
        private let before: [UInt8]
        private let after: [UInt8]

        /// - Returns: nil for any other text.
        init?(_ text: String) {
            guard text.unicodeScalars.first != ".", text.unicodeScalars.last != "." else { return nil }
            self.init(fraction: text)
        }

        /// Also "12." and ".5", as Python's `Fraction` reads them.
        init?(fraction text: String) {
            var digits: [[UInt8]] = []
            for part in text.unicodeScalars.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false) {
                let values = part.map { $0.isDigitInPython ? $0.properties.numericValue : nil }
                guard !values.contains(nil) else { return nil }
                digits.append(values.map { UInt8(ascii: "0") + UInt8($0 ?? 0) })
            }
            guard digits.contains(where: { !$0.isEmpty }) else { return nil }
            before = digits[0]
            after = digits.count > 1 ? digits[1] : []
        }

        /// The number, where nothing is left after the point.
        var whole: DecimalNumber? { timesTen(0) }

        /// The number times 10 to the power of `power`, where it is whole.
        func timesTen(_ power: Int) -> DecimalNumber? {
            guard after.dropFirst(power).allSatisfy({ $0 == UInt8(ascii: "0") }) else { return nil }
            let zeros = Array(repeating: UInt8(ascii: "0"), count: max(0, power - after.count))
            return DecimalNumber(before + after.prefix(power) + zeros)
        }
    }
}
