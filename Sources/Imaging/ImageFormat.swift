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
