/// Reads Windows and OS/2 bitmaps (BMP): 1 to 32 bits a pixel, palettes, run lengths and bit fields.
///
/// Pixels are the same as from Pillow; alpha is dropped. Reference: Microsoft's "Bitmap Storage", and Pillow's `BmpImagePlugin`.
struct BMPReader {
    /// The first byte of the second header, its size: OS/2 1.x, Windows 3, with masks, OS/2 2.x, Windows 4 and 5.
    static let headerSizes: Set<UInt8> = [12, 40, 52, 56, 64, 108, 124]

    private let bytes: [UInt8]
    private let file: String
    private let width: Int
    private let height: Int
    /// Whether the first row is the top one.
    private let isTopDown: Bool
    private let bits: Int
    private let compression: Compression
    /// The position of the rows.
    private let start: Int
    private let palette: [RGBPixel]
    /// Bits of red, green and blue in a pixel of 16 or 32 bits.
    private let masks: [UInt32]

    private enum Compression: Int { case none, runs8, runs4, fields, jpeg, png, alphaFields }

    /// Reads the headers.
    /// - Throws: `ImageError.truncated`, `.corrupt`, `.unsupported`, `.tooLarge`.
    init(_ bytes: [UInt8], file: String, limits: ImageLimits) throws(ImageError) {
        func number(_ offset: Int, _ count: Int) throws(ImageError) -> Int {
            guard offset <= bytes.count - count else { throw .truncated(file: file, .bmp) }
            return bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        let (headers, size) = (14, try number(14, 4))
        let isCore = size == 12
        guard let short = UInt8(exactly: size), Self.headerSizes.contains(short) else {
            throw .unsupported(file: file, .bmp, reason: "its header has \(size) bytes")
        }
        start = try number(10, 4)
        let sides = isCore ? (try number(18, 2), try number(20, 2)) : (try number(18, 4), try number(22, 4))
        let signedHeight = isCore ? sides.1 : Int(Int32(truncatingIfNeeded: sides.1))
        (width, height) = (sides.0, abs(signedHeight))
        isTopDown = signedHeight < 0
        guard width > 0, height > 0 else { throw .corrupt(file: file, .bmp, reason: "its size is \(width)×\(height)") }
        guard width <= limits.width, height <= limits.height, width * height <= limits.pixels else {
            throw .tooLarge(file: file, width: width, height: height, limits)
        }
        bits = try number(isCore ? 24 : 28, 2)
        let code = isCore ? 0 : try number(30, 4)
        // In OS/2's header, 3 is Huffman's code.
        guard let compression = Compression(rawValue: size == 64 && code > 2 ? -1 : code), ![.jpeg, .png].contains(compression)
        else { throw .unsupported(file: file, .bmp, reason: "compression \(code)") }
        let isFitting =
            switch compression {
            case .none: [1, 2, 4, 8, 16, 24, 32].contains(bits)
            case .runs8: bits == 8 && !isTopDown
            case .runs4: bits == 4 && !isTopDown
            case .fields, .alphaFields: bits == 16 || bits == 32
            case .jpeg, .png: false
            }
        guard isFitting else {
            throw .unsupported(file: file, .bmp, reason: "\(bits) bits a pixel with compression \(code)")
        }
        var tables = headers + size
        if [.fields, .alphaFields].contains(compression) {
            // Behind the oldest header, within the others; at the same place.
            masks = try [54, 58, 62].map { offset throws(ImageError) in UInt32(truncatingIfNeeded: try number(offset, 4)) }
            if size == 40 { tables += compression == .alphaFields ? 16 : 12 }
        } else {
            masks = bits == 16 ? [0x7C00, 0x3E0, 0x1F] : [0xFF_0000, 0xFF00, 0xFF]
        }
        var colors: [RGBPixel] = []
        if bits <= 8 {
            let used = isCore ? 0 : try number(46, 4)
            let entry = isCore ? 3 : 4
            let count = used == 0 ? 1 << bits : min(used, 1 << bits)
            guard tables + count * entry <= bytes.count else { throw .truncated(file: file, .bmp) }
            colors = (0..<count).map { index in
                let at = tables + index * entry
                return RGBPixel(red: bytes[at + 2], green: bytes[at + 1], blue: bytes[at])
            }
        }
        (self.bytes, self.file, self.compression, palette) = (bytes, file, compression, colors)
    }

    /// Reads the rows.
    func image() throws(ImageError) -> RGBImage {
        var pixels: [UInt8]
        switch compression {
        case .runs4, .runs8:
            let indices = try unpacked()
            pixels = []
            pixels.reserveCapacity(indices.count * 3)
            for index in indices { append(color(Int(index)), to: &pixels) }
        default: pixels = try storedRows()
        }
        if !isTopDown {
            let stride = width * 3
            pixels = (0..<height).reversed().flatMap { pixels[$0 * stride..<($0 + 1) * stride] }
        }
        return try RGBImage(width: width, height: height, bytes: pixels)
    }

    private func append(_ pixel: RGBPixel, to pixels: inout [UInt8]) {
        pixels.append(pixel.red)
        pixels.append(pixel.green)
        pixels.append(pixel.blue)
    }

    /// A colour of the palette; black for one that it does not have.
    private func color(_ index: Int) -> RGBPixel {
        index < palette.count ? palette[index] : RGBPixel(red: 0, green: 0, blue: 0)
    }

    /// Pixels of rows that are not compressed, in the file's order.
    private func storedRows() throws(ImageError) -> [UInt8] {
        let stride = (width * bits + 31) / 32 * 4
        guard start <= bytes.count, stride * height <= bytes.count - start else { throw .truncated(file: file, .bmp) }
        let fields = masks.map(BitField.init)
        var pixels: [UInt8] = []
        pixels.reserveCapacity(width * height * 3)
        for row in 0..<height {
            let begin = start + row * stride
            for x in 0..<width {
                let at = begin + x * bits / 8
                switch bits {
                case 24: append(RGBPixel(red: bytes[at + 2], green: bytes[at + 1], blue: bytes[at]), to: &pixels)
                case 16, 32:
                    let value = (0..<bits / 8).reduce(UInt32(0)) { $0 | UInt32(bytes[at + $1]) << UInt32($1 * 8) }
                    for field in fields { pixels.append(field.byte(in: value)) }
                default:
                    let shift = 8 - bits - x * bits % 8
                    append(color(Int(bytes[at]) >> shift & ((1 << bits) - 1)), to: &pixels)
                }
            }
        }
        return pixels
    }

    /// Indices of rows in run lengths, in the file's order. Runs beyond the end of a row are cut; what is left out has index 0.
    private func unpacked() throws(ImageError) -> [UInt8] {
        var indices = [UInt8](repeating: 0, count: width * height)
        var (at, x, y) = (start, 0, 0)
        func next() throws(ImageError) -> UInt8 {
            guard at < bytes.count else { throw .truncated(file: file, .bmp) }
            defer { at += 1 }
            return bytes[at]
        }
        func put(_ index: UInt8) {
            if x < width { indices[y * width + x] = index }
            x += 1
        }
        while y < height {
            let (count, value) = (Int(try next()), try next())
            switch (count, value) {
            case (0, 0): (x, y) = (0, y + 1)
            case (0, 1): return indices
            case (0, 2): (x, y) = (x + Int(try next()), y + Int(try next()))
            case (0, _):
                // Literal indices, padded to a whole number of words.
                let isNibbles = compression == .runs4
                let stored = isNibbles ? (Int(value) + 1) / 2 : Int(value)
                guard at <= bytes.count - stored else { throw .truncated(file: file, .bmp) }
                for index in 0..<Int(value) {
                    put(isNibbles ? bytes[at + index / 2] >> (index % 2 == 0 ? 4 : 0) & 15 : bytes[at + index])
                }
                at += stored + stored % 2
            default:
                for index in 0..<count { put(compression == .runs4 ? value >> (index % 2 == 0 ? 4 : 0) & 15 : value) }
            }
        }
        return indices
    }
}

/// The bits of one channel in a pixel.
private struct BitField {
    private let mask: UInt32
    private let shift: UInt32
    private let largest: UInt64

    init(_ mask: UInt32) {
        self.mask = mask
        shift = mask == 0 ? 0 : UInt32(mask.trailingZeroBitCount)
        largest = UInt64(mask >> shift)
    }

    /// The channel in 0...255, rounded down.
    func byte(in value: UInt32) -> UInt8 {
        largest == 0 ? 0 : UInt8(truncatingIfNeeded: UInt64((value & mask) >> shift) * 255 / largest)
    }
}
