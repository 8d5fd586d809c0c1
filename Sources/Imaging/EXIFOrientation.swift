/// Orientation of a camera's picture: the rotation or reflection that makes stored rows upright.
///
/// Raw values are EXIF's (tag 0x0112).
enum EXIFOrientation: Int {
    case upright = 1
    case mirrored, rotated180, flipped, transposed, rotated90, transversed, rotated270

    /// Reads the orientation from EXIF data that begin with the TIFF header; nil if it is absent or the data are invalid.
    init?(exif bytes: [UInt8]) {
        let isLittleEndian: Bool
        switch bytes.prefix(4) {
        case [0x49, 0x49, 0x2A, 0x00]: isLittleEndian = true
        case [0x4D, 0x4D, 0x00, 0x2A]: isLittleEndian = false
        default: return nil
        }
        func number(at offset: Int, bytes count: Int) -> Int? {
            guard offset >= 0, offset <= bytes.count - count else { return nil }
            let digits = bytes[offset..<offset + count]
            return (isLittleEndian ? Array(digits.reversed()) : Array(digits)).reduce(0) { $0 << 8 | Int($1) }
        }
        guard let directory = number(at: 4, bytes: 4), let count = number(at: directory, bytes: 2) else { return nil }
        for index in 0..<count {
            // A directory entry: tag, type (3 is SHORT), number of values, value.
            let entry = directory + 2 + index * 12
            guard let tag = number(at: entry, bytes: 2) else { return nil }
            guard tag == 0x0112 else { continue }
            guard number(at: entry + 2, bytes: 2) == 3, let value = number(at: entry + 8, bytes: 2) else { return nil }
            self.init(rawValue: value)
            return
        }
        return nil
    }
}

extension RGBImage {
    /// The upright picture.
    func oriented(_ orientation: EXIFOrientation) throws(ImageError) -> RGBImage {
        if orientation == .upright { return self }
        let isTurned = orientation.rawValue >= EXIFOrientation.transposed.rawValue
        var result = try RGBImage(width: isTurned ? height : width, height: isTurned ? width : height)
        for y in 0..<result.height {
            for x in 0..<result.width {
                result[x, y] =
                    switch orientation {
                    case .upright: self[x, y]
                    case .mirrored: self[width - 1 - x, y]
                    case .rotated180: self[width - 1 - x, height - 1 - y]
                    case .flipped: self[x, height - 1 - y]
                    case .transposed: self[y, x]
                    case .rotated90: self[y, height - 1 - x]
                    case .transversed: self[width - 1 - y, height - 1 - x]
                    case .rotated270: self[width - 1 - y, x]
                    }
            }
        }
        return result
    }
}
