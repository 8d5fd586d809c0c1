import CImageCodecs

/// The content of a picture file.
///
/// Pixels are the same as from diffusers' `load_image`: palettes, grays and CMYK (without a profile) become RGB, alpha is
/// dropped rather than composited, EXIF orientation is applied, profiles and gamma are not. 16-bit samples are scaled to
/// 8 bits with rounding.
public struct ImageFile: Sendable, Hashable {
    public let format: ImageFormat
    public let image: RGBImage
    public let metadata: ImageMetadata

    /// Reads a file. The format is told from the first bytes, not the file's name.
    /// - Throws: any error of `ImageError` that names a file.
    public init(path: String, limits: ImageLimits = ImageLimits()) throws(ImageError) {
        try self.init(bytes: try readPicture(path: path, limits: limits), file: path, limits: limits)
    }

    /// Decodes a file's bytes; `file` names them in errors.
    public init(bytes: [UInt8], file: String, limits: ImageLimits = ImageLimits()) throws(ImageError) {
        guard let format = ImageFormat(signatureOf: bytes) else { throw .notAPicture(file: file, found: Array(bytes.prefix(16))) }
        var picture = CodecPicture()
        try picture.decode(format, bytes, limits: limits, file: file)

        var metadata = ImageMetadata()
        var orientation = EXIFOrientation.upright
        for (kind, key, text) in picture.entries() {
            switch kind {
            case GLINT_TEXT_UTF8:
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw .corrupt(file: file, format, reason: "the text '\(key)' is not UTF-8")
                }
                metadata.append(string, for: key)
            case GLINT_TEXT_LATIN1: metadata.append(String(latin1: text), for: key)
            case GLINT_EXIF: orientation = EXIFOrientation(exif: text) ?? .upright
            default:
                // Comments have no declared encoding.
                let comment = String(validating: text, as: UTF8.self) ?? String(latin1: text)
                metadata.entries.append(ImageMetadata.Entry(comment: comment))
            }
        }
        self.format = format
        self.metadata = metadata
        image = try picture.image().oriented(orientation)
    }
}

extension RGBImage {
    /// Encodes the picture as a file with `metadata`.
    /// - Throws: `ImageError.metadata`, `.metadataCount`, `.quality`, `.cannotEncode`.
    public func encoded(as encoding: ImageEncoding = .png(), metadata: ImageMetadata = [:]) throws(ImageError) -> [UInt8] {
        if case .jpeg(let quality) = encoding, !(1...100 ~= quality) { throw .quality(quality) }
        try metadata.validate(for: encoding.format)
        var picture = CodecPicture()
        for entry in metadata.entries {
            switch encoding {
            case .png where entry.isLatin1:
                try picture.append(GLINT_TEXT_LATIN1, key: entry.key, text: entry.text.latin1Bytes, to: .png)
            case .png: try picture.append(GLINT_TEXT_UTF8, key: entry.key, text: entry.text.utf8, to: .png)
            case .jpeg: try picture.append(GLINT_COMMENT, key: "", text: entry.comment.utf8, to: .jpeg)
            }
        }
        return try picture.encode(self, as: encoding)
    }

    /// Writes the picture to a file atomically, see `writeAtomically`.
    /// - Throws: as `encoded(as:metadata:)`, and `ImageError.cannotWrite`.
    public func write(to path: String, as encoding: ImageEncoding = .png(), metadata: ImageMetadata = [:]) throws(ImageError) {
        try writeAtomically(try encoded(as: encoding, metadata: metadata), to: path)
    }
}

/// A format of picture files that can be read and written.
public enum ImageFormat: String, Sendable, Hashable, CaseIterable {
    case png, jpeg

    /// The format whose signature `bytes` begin with; nil if there is none.
    public init?(signatureOf bytes: some Sequence<UInt8>) {
        guard let format = Self.allCases.first(where: { bytes.starts(with: $0.signature) }) else { return nil }
        self = format
    }

    private var signature: [UInt8] {
        switch self {
        case .png: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        case .jpeg: [0xFF, 0xD8, 0xFF]
        }
    }

    /// The usual file name extension, without the dot.
    public var fileExtension: String {
        switch self {
        case .png: "png"
        case .jpeg: "jpg"
        }
    }
}

extension ImageFormat: CustomStringConvertible {
    public var description: String { rawValue.uppercased() }
}

/// Format and options for encoding a picture.
public enum ImageEncoding: Sendable, Hashable {
    /// Lossless.
    case png(PNGCompression = .fast)
    /// Lossy: quality 1...100. Chroma has full resolution (4:4:4) from 90 on and half (4:2:0) below.
    case jpeg(quality: Int = 95)

    public var format: ImageFormat {
        switch self {
        case .png: .png
        case .jpeg: .jpeg
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
