/// Normalization form C (Unicode Standard Annex 15) by the data of Unicode 9.0.
///
/// That is the version of the reference (the crate unicode-normalization-alignments): scalars assigned later neither
/// decompose nor reorder there. Foundation's `precomposedStringWithCanonicalMapping` does not give the same result: it
/// leaves some Hangul (U+AC00 U+11AF) apart.
enum CanonicalComposition {
    static func composed(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        // Nothing below U+0300 combines with what is before it.
        guard text.contains(where: { $0.value >= 0x300 }) else { return text }
        var scalars: [Unicode.Scalar] = []
        scalars.reserveCapacity(text.count)
        for scalar in text { decompose(scalar, into: &scalars) }
        var classes = scalars.map(combiningClass)
        reorder(&scalars, &classes)
        return compose(scalars, classes)
    }

    /// Canonical_Combining_Class; 0 is a starter. It never changes once a scalar is assigned.
    private static func combiningClass(_ scalar: Unicode.Scalar) -> UInt8 {
        guard scalar.value >= 0x300 else { return 0 }
        let value = scalar.properties.canonicalCombiningClass.rawValue
        return value != 0 && scalar.isAssigned(in: 9) ? value : 0
    }

    private static func decompose(_ scalar: Unicode.Scalar, into result: inout [Unicode.Scalar]) {
        guard scalar.value >= 0xC0 else { return result.append(scalar) }
        if let parts = Hangul.decomposed(scalar) {
            result.append(contentsOf: parts)
        } else if let entry = CanonicalMappings.shared.decompositions[scalar] {
            decompose(entry.first, into: &result)
            // What comes second never decomposes further.
            if let second = entry.second { result.append(second) }
        } else {
            result.append(scalar)
        }
    }

    /// Sorts each run of combining scalars by class, those of one class in the order they have.
    private static func reorder(_ scalars: inout [Unicode.Scalar], _ classes: inout [UInt8]) {
        var start = 0
        while start < scalars.count {
            guard classes[start] != 0 else {
                start += 1
                continue
            }
            let end = classes[start...].firstIndex(of: 0) ?? classes.count
            let order = (start..<end).sorted { (classes[$0], $0) < (classes[$1], $1) }
            scalars.replaceSubrange(start..<end, with: order.map { scalars[$0] })
            classes.replaceSubrange(start..<end, with: order.map { classes[$0] })
            start = end
        }
    }

    private static func compose(_ scalars: [Unicode.Scalar], _ classes: [UInt8]) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(scalars.count)
        var starter: Int?
        var lastClass: UInt8 = 0
        for (scalar, combiningClass) in zip(scalars, classes) {
            if let starter, result.count - 1 == starter || lastClass < combiningClass,
                let composite = composite(result[starter], scalar)
            {
                result[starter] = composite
                continue
            }
            if combiningClass == 0 { starter = result.count }
            lastClass = combiningClass
            result.append(scalar)
        }
        return result
    }

    private static func composite(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
        Hangul.composite(first, second)
            ?? CanonicalMappings.shared.composites[CanonicalMappings.Pair(first: first, second: second)]
    }
}

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

/// The table of `CanonicalDecompositions`, read at first use.
struct CanonicalMappings: Sendable {
    struct Entry: Sendable {
        let first: Unicode.Scalar
        let second: Unicode.Scalar?
    }

    struct Pair: Hashable, Sendable {
        let first: Unicode.Scalar
        let second: Unicode.Scalar
    }

    static let shared = CanonicalMappings(CanonicalDecompositions.text)

    private(set) var decompositions: [Unicode.Scalar: Entry] = [:]
    private(set) var composites: [Pair: Unicode.Scalar] = [:]

    init(_ text: String) {
        var code: UInt32 = 0
        for word in text.utf8.split(whereSeparator: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }) {
            if word.first == UInt8(ascii: "@") {
                code = Self.number(word.dropFirst())
                continue
            }
            defer { code += 1 }
            let isComposed = word.last != UInt8(ascii: "!")
            let parts = word.filter { $0 != UInt8(ascii: "!") }.split(separator: UInt8(ascii: "+"))
                .compactMap { Unicode.Scalar(Self.number($0)) }
            guard let scalar = Unicode.Scalar(code), let first = parts.first else { continue }
            decompositions[scalar] = Entry(first: first, second: parts.dropFirst().first)
            if isComposed, parts.count == 2 { composites[Pair(first: first, second: parts[1])] = scalar }
        }
    }

    private static func number(_ digits: some Sequence<UInt8>) -> UInt32 {
        digits.reduce(0) { $0 << 4 | UInt32($1 < 0x41 ? $1 &- 0x30 : $1 &- 0x37) }
    }
}
