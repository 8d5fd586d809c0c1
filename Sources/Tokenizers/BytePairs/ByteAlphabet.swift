/// The printable characters that stand for bytes in a byte-level vocabulary (GPT-2's `bytes_to_unicode`): printable Latin-1
/// stands for itself, the other 68 bytes for U+0100 and on, in their order.
enum ByteAlphabet {
    /// By byte.
    static let scalars: [Unicode.Scalar] = {
        var next: UInt8 = 0
        return (UInt8.min...UInt8.max).map { byte in
            if isPrintable(byte) { return Unicode.Scalar(byte) }
            defer { next += 1 }
            // U+0100 to U+0143.
            return Unicode.Scalar(UInt16(0x100) + UInt16(next)) ?? Unicode.Scalar(byte)
        }
    }()

    private static let bytes = Dictionary(
        scalars.enumerated().map { ($0.element, UInt8($0.offset)) }, uniquingKeysWith: { first, _ in first })

    /// The byte that `scalar` stands for; nil if it stands for none.
    static func byte(_ scalar: Unicode.Scalar) -> UInt8? { bytes[scalar] }

    /// The bytes in the order in which CLIP's vocabulary lists them: those that stand for themselves first.
    static let listed: [UInt8] = {
        let all = Array(UInt8.min...UInt8.max)
        return all.filter(isPrintable) + all.filter { !isPrintable($0) }
    }()

    private static func isPrintable(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
    }
}
