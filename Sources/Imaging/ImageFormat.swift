/// A format of picture files.
public enum ImageFormat: String, Sendable, Hashable, CaseIterable {
    case png, jpeg, webp, tiff, gif, bmp

    /// The formats that are written; the others are only read.
    public static let written: [ImageFormat] = [.png, .jpeg, .webp]

    /// The number of first bytes that tell a format.
    static let signatureLength = 18

    /// The format whose signature `bytes` begin with; nil if there is none.
    public init?(signatureOf bytes: some Sequence<UInt8>) {
        let start = Array(bytes.prefix(Self.signatureLength))
        guard let format = Self.allCases.first(where: { $0.isSigned(start) }) else { return nil }
        self = format
    }

    /// The format of files whose names end like this, in upper or lower case, without the dot.
    public init?(fileExtension: String) {
        let name = fileExtension.lowercased()
        guard let format = Self.allCases.first(where: { $0.fileExtensions.contains(name) }) else { return nil }
        self = format
    }

    private func isSigned(_ start: [UInt8]) -> Bool {
        switch self {
        case .png: start.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        case .jpeg: start.starts(with: [0xFF, 0xD8, 0xFF])
        case .webp: start.starts(with: "RIFF".utf8) && start.dropFirst(8).starts(with: "WEBP".utf8)
        // In both byte orders, with offsets of 32 bits (version 42) and of 64 (43).
        case .tiff: ["II*\0", "MM\0*", "II+\0", "MM\0+"].contains { start.starts(with: $0.utf8) }
        case .gif: start.starts(with: "GIF87a".utf8) || start.starts(with: "GIF89a".utf8)
        case .bmp: start.starts(with: "BM".utf8) && start.dropFirst(14).first.map(BMPReader.headerSizes.contains) == true
        }
    }

    /// The usual file name extensions, without the dot, the most usual first.
    public var fileExtensions: [String] {
        switch self {
        case .png: ["png"]
        case .jpeg: ["jpg", "jpeg", "jpe"]
        case .webp: ["webp"]
        case .tiff: ["tif", "tiff"]
        case .gif: ["gif"]
        case .bmp: ["bmp", "dib"]
        }
    }
}

extension ImageFormat: CustomStringConvertible {
    public var description: String { self == .webp ? "WebP" : rawValue.uppercased() }
}

/// A kind of file that pictures come in and that is not read, told from its first bytes.
enum UnreadFormat: String {
    case avif = "an AVIF", heic = "a HEIC", jpegXL = "a JPEG XL", jpeg2000 = "a JPEG 2000", photoshop = "a Photoshop file"
    case exr = "an OpenEXR", icon = "an icon", svg = "an SVG", pdf = "a PDF"

    /// - Parameter bytes: the first 16 bytes of the file.
    init?(signatureOf bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self).lowercased()
        // ISO base media files: the size of the first box, its name, and the brand.
        if bytes.dropFirst(4).starts(with: "ftyp".utf8) {
            switch String(decoding: bytes.dropFirst(8).prefix(4), as: UTF8.self) {
            case "avif", "avis": self = .avif
            case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1": self = .heic
            default: return nil
            }
        } else if bytes.starts(with: [0xFF, 0x0A]) || bytes.starts(with: [0, 0, 0, 0x0C, 0x4A, 0x58, 0x4C, 0x20]) {
            self = .jpegXL
        } else if bytes.starts(with: [0xFF, 0x4F, 0xFF, 0x51]) || bytes.starts(with: [0, 0, 0, 0x0C, 0x6A, 0x50, 0x20, 0x20]) {
            self = .jpeg2000
        } else if text.hasPrefix("8bps") {
            self = .photoshop
        } else if bytes.starts(with: [0x76, 0x2F, 0x31, 0x01]) {
            self = .exr
        } else if bytes.starts(with: [0, 0, 1, 0]) {
            self = .icon
        } else if text.hasPrefix("<svg") || text.hasPrefix("<?xml") {
            self = .svg
        } else if text.hasPrefix("%pdf") {
            self = .pdf
        } else {
            return nil
        }
    }
}

/// Format and options for encoding a picture.
public enum ImageEncoding: Sendable, Hashable {
    /// Lossless.
    case png(PNGCompression = .fast)
    /// Lossy: quality 1...100. Chroma has full resolution (4:4:4) from 90 on and half (4:2:0) below.
    case jpeg(quality: Int = 95)
    /// Lossy: quality 1...100. WebP's lossless form is left out: it takes a picture's own time to encode, and a PNG has every
    /// pixel too.
    case webp(quality: Int = 95)

    public var format: ImageFormat {
        switch self {
        case .png: .png
        case .jpeg: .jpeg
        case .webp: .webp
        }
    }

    /// nil for formats without a quality.
    var quality: Int? {
        switch self {
        case .png: nil
        case .jpeg(let quality), .webp(let quality): quality
        }
    }
}

/// Effort spent on making a PNG small.
public enum PNGCompression: Sendable, Hashable, CaseIterable {
    case none, fast, small
}

/// Limits for files from untrusted sources: a small file can unpack to more than memory holds.
public struct ImageLimits: Sendable, Hashable {
    public var width = 32_768
    public var height = 32_768
    /// 64 Mi pixels are 192 MiB as RGB.
    public var pixels = 64 << 20
    /// Total decompressed bytes of all texts.
    public var metadataBytes = 4 << 20
    public var fileBytes = 256 << 20

    public init() {}
}
