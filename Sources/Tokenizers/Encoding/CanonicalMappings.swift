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
