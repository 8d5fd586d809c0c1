import CImageCodecs

/// The content of a picture file.
///
/// Pixels are the same as from diffusers' `load_image`: palettes, grays and CMYK (without a profile) become RGB, alpha is
/// dropped rather than composited, orientation is applied, profiles and gamma are not. 16-bit samples are scaled to 8 bits with
/// rounding. Of several pages or frames the first is read.
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
        guard format != .bmp else {
            (self.format, metadata) = (format, ImageMetadata())
            image = try BMPReader(bytes, file: file, limits: limits).image()
            return
        }
        var picture = CodecPicture()
        try picture.decode(format, bytes, limits: limits, file: file)

        var metadata = ImageMetadata()
        // EXIF has the form of a TIFF.
        var orientation = format == .tiff ? EXIFOrientation(exif: bytes) ?? .upright : .upright
        var userComment: String?
        for (kind, key, text) in picture.entries() {
            switch kind {
            case GLINT_TEXT_UTF8:
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw .corrupt(file: file, format, reason: "the text '\(key)' is not UTF-8")
                }
                metadata.append(string, for: key)
            case GLINT_TEXT_LATIN1: metadata.append(String(latin1: text), for: key)
            case GLINT_XMP: metadata.entries += XMPPacket.entries(in: text)
            case GLINT_EXIF:
                orientation = EXIFOrientation(exif: text) ?? .upright
                userComment = EXIF(text)?.userComment
            default:
                // Comments have no declared encoding.
                let comment = String(validating: text, as: UTF8.self) ?? String(latin1: text)
                metadata.entries.append(ImageMetadata.Entry(comment: comment))
            }
        }
        if let userComment, !metadata.entries.contains(where: { $0.text == userComment }) {
            metadata.append(userComment, for: ImageMetadata.userCommentKey)
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
        if let quality = encoding.quality, !(1...100 ~= quality) { throw .quality(quality) }
        try metadata.validate(for: encoding.format)
        var picture = CodecPicture()
        if encoding.format == .webp, !metadata.entries.isEmpty {
            try picture.append(GLINT_XMP, key: "", text: XMPPacket.make(metadata.entries), to: .webp)
        }
        if encoding.format != .png, let exif = metadata.exif {
            try picture.append(GLINT_EXIF, key: "", text: exif, to: encoding.format)
        }
        for entry in metadata.entries {
            switch encoding {
            case .png where entry.isLatin1:
                try picture.append(GLINT_TEXT_LATIN1, key: entry.key, text: entry.text.latin1Bytes, to: .png)
            case .png: try picture.append(GLINT_TEXT_UTF8, key: entry.key, text: entry.text.utf8, to: .png)
            case .jpeg: try picture.append(GLINT_COMMENT, key: "", text: entry.comment.utf8, to: .jpeg)
            case .webp: break
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
