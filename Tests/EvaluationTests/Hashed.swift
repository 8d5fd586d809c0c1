/// Numbers by a formula that `Goldens/Evaluation/make.py` has too, so that weights need not be stored.
enum Hashed {
    /// Numbers in 0…1, different for each name.
    static func unit(_ name: String, count: Int) -> [Float] {
        let seed = crc32(name)
        return (0..<count).map { index in
            var x = UInt32(truncatingIfNeeded: index) &* 2_654_435_761 &+ seed
            x ^= x >> 16
            x &*= 0x7feb_352d
            x ^= x >> 15
            x &*= 0x846c_a68b
            x ^= x >> 16
            return Float(x >> 8) * 0x1p-24
        }
    }

    private static func crc32(_ text: String) -> UInt32 {
        ~text.utf8.reduce(~UInt32(0)) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 1 ? 0xedb8_8320 : 0) }
        }
    }
}
