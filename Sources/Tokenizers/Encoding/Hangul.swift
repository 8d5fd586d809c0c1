/// Hangul syllables, which decompose by arithmetic (The Unicode Standard, section 3.12).
enum Hangul {
    private static let leading: UInt32 = 0x1100
    private static let vowel: UInt32 = 0x1161
    private static let trailing: UInt32 = 0x11A7
    private static let syllable: UInt32 = 0xAC00
    private static let vowelCount: UInt32 = 21
    private static let trailingCount: UInt32 = 28
    private static let syllables = syllable..<syllable + 19 * vowelCount * trailingCount

    static func decomposed(_ scalar: Unicode.Scalar) -> [Unicode.Scalar]? {
        guard syllables.contains(scalar.value) else { return nil }
        let index = scalar.value - syllable
        let parts = [
            leading + index / (vowelCount * trailingCount),
            vowel + index / trailingCount % vowelCount,
            trailing + index % trailingCount,
        ]
        return (index % trailingCount == 0 ? parts.dropLast() : parts[...]).compactMap(Unicode.Scalar.init)
    }

    static func composite(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
        if (leading..<leading + 19).contains(first.value), (vowel..<vowel + vowelCount).contains(second.value) {
            let index = (first.value - leading) * vowelCount + second.value - vowel
            return Unicode.Scalar(syllable + index * trailingCount)
        }
        guard syllables.contains(first.value), (first.value - syllable) % trailingCount == 0,
            (trailing + 1..<trailing + trailingCount).contains(second.value)
        else { return nil }
        return Unicode.Scalar(first.value + second.value - trailing)
    }
}
