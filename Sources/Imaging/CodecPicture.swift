import CImageCodecs

/// Owner of a `glint_picture`, the input and output of the C codecs.
struct CodecPicture: ~Copyable {
    private var picture = glint_picture()

    init() {}

    deinit {
        var picture = picture
        glint_picture_free(&picture)
    }

    // MARK: Decoding

    mutating func decode(_ format: ImageFormat, _ bytes: [UInt8], limits: ImageLimits, file: String) throws(ImageError) {
        var codecLimits = glint_codec_limits(
            max_width: UInt64(clamping: limits.width), max_height: UInt64(clamping: limits.height),
            max_pixels: UInt64(clamping: limits.pixels), max_metadata_bytes: UInt64(clamping: limits.metadataBytes))
        let status =
            switch format {
            case .png: glint_png_decode(bytes, bytes.count, &codecLimits, &picture)
            case .jpeg: glint_jpeg_decode(bytes, bytes.count, &codecLimits, &picture)
            case .webp: glint_webp_decode(bytes, bytes.count, &codecLimits, &picture)
            case .tiff: glint_tiff_decode(bytes, bytes.count, &codecLimits, &picture)
            case .gif: glint_gif_decode(bytes, bytes.count, &codecLimits, &picture)
            case .bmp: preconditionFailure("BMPReader reads bitmaps")
            }
        switch status {
        case GLINT_CODEC_OK: return
        case GLINT_CODEC_TRUNCATED: throw .truncated(file: file, format)
        case GLINT_CODEC_UNSUPPORTED: throw .unsupported(file: file, format, reason: message)
        case GLINT_CODEC_TOO_LARGE:
            throw .tooLarge(file: file, width: Int(picture.width), height: Int(picture.height), limits)
        case GLINT_CODEC_METADATA_TOO_LARGE: throw .metadataTooLarge(file: file, limit: limits.metadataBytes)
        case GLINT_CODEC_NO_MEMORY: throw .outOfMemory(file: file)
        default: throw .corrupt(file: file, format, reason: message)
        }
    }

    func image() throws(ImageError) -> RGBImage {
        let (width, height) = (Int(picture.width), Int(picture.height))
        let bytes = UnsafeBufferPointer(start: picture.rgb, count: picture.rgb == nil ? 0 : width * height * 3)
        return try RGBImage(width: width, height: height, bytes: Array(bytes))
    }

    /// The entries' kinds, keys and bytes, in order.
    func entries() -> [(kind: glint_metadata_kind, key: String, text: [UInt8])] {
        UnsafeBufferPointer(start: picture.entries, count: picture.entry_count).map { entry in
            let text = UnsafeRawBufferPointer(start: entry.text, count: entry.length)
            let key = withUnsafeBytes(of: entry.keyword) { String(latin1: $0.prefix { $0 != 0 }) }
            return (entry.kind, key, Array(text))
        }
    }

    // MARK: Encoding

    mutating func append(_ kind: glint_metadata_kind, key: String, text: some Collection<UInt8>, to format: ImageFormat)
        throws(ImageError)
    {
        let text = Array(text)
        let keyword = key.latin1Bytes.map { CChar(bitPattern: $0) } + [0]
        guard glint_picture_append(&picture, kind, keyword, text, text.count) else {
            throw .cannotEncode(format, reason: "no memory for the metadata")
        }
    }

    mutating func encode(_ image: RGBImage, as encoding: ImageEncoding) throws(ImageError) -> [UInt8] {
        guard let width = UInt32(exactly: image.width), let height = UInt32(exactly: image.height) else {
            throw .cannotEncode(encoding.format, reason: "\(image.width)×\(image.height) is too large for a file")
        }
        picture.width = width
        picture.height = height
        let status =
            switch encoding {
            case .png(let compression):
                glint_png_encode(image.bytes, compression.level, compression.filters, &picture)
            case .jpeg(let quality):
                glint_jpeg_encode(image.bytes, CInt(clamping: quality), quality >= 90, &picture)
            case .webp(let quality): glint_webp_encode(image.bytes, CInt(clamping: quality), &picture)
            }
        guard status == GLINT_CODEC_OK else { throw .cannotEncode(encoding.format, reason: message) }
        return Array(UnsafeBufferPointer(start: picture.file, count: picture.file_length))
    }

    private var message: String {
        withUnsafeBytes(of: picture.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

extension PNGCompression {
    fileprivate var level: CInt {
        switch self {
        case .none: 0
        case .fast: 1
        case .small: 9
        }
    }

    /// libpng's mask of the row filters to try. `fast` uses the average filter only: as quick as the simpler ones, with a
    /// smaller file. `small` tries all filters: twelve times the time, a sixth less for a 512×512 photograph.
    fileprivate var filters: CInt {
        switch self {
        case .none: 0x08
        case .fast: 0x40
        case .small: 0xF8
        }
    }
}

extension String {
    /// Decodes Latin-1: every byte is one character.
    init(latin1 bytes: some Sequence<UInt8>) {
        self.init(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }

    /// Encodes as Latin-1, one byte per character. The caller has checked that all characters are Latin-1.
    var latin1Bytes: [UInt8] { unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }
}
