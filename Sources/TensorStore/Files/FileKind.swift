/// The kind of a file, told from its first bytes rather than from its name.
///
/// Readers use it to say what they were given: downloads often end as a pointer of Git LFS, a web page or a part of the file.
public enum FileKind: Sendable, Equatable {
    case safetensors
    case empty
    /// A file that Git LFS replaces by one of `byteCount` bytes.
    case lfsPointer(byteCount: Int?)
    case webPage
    case json, xml
    /// Text of no other kind, by its beginning.
    case text(String)
    /// A zip that `torch.save` writes.
    case torch
    /// A Python pickle that is not in a zip.
    case pickle
    case gguf, onnx, hdf5, numpy
    /// A model of CTranslate2 (`model.bin`).
    case cTranslate2
    /// An archive or a compressed file, by its name: `zip`, `gzip` …
    case archive(String)
    /// A file that `glint encrypt` or `openssl enc` with a password wrote.
    case encrypted
    /// A picture, by its format.
    case picture(String)
    /// Nothing but zeros at the beginning: space that a download did not fill.
    case zeros
    /// Anything else, by its first bytes.
    case unknown([UInt8])

    /// The number of bytes at the beginning that decide.
    public static let examinedByteCount = 4096

    public init(_ file: MappedFile) {
        self = file.withUnsafeBytes { FileKind(firstBytes: $0.prefix(Self.examinedByteCount)) }
    }

    /// - Parameter firstBytes: the beginning of the file, `examinedByteCount` bytes where it has as many.
    public init(firstBytes: some Sequence<UInt8>) {
        let bytes = Array(firstBytes.prefix(Self.examinedByteCount))
        self =
            if bytes.isEmpty {
                .empty
            } else if bytes.allSatisfy({ $0 == 0 }) {
                .zeros
            } else {
                Self.binary(bytes) ?? Self.text(bytes) ?? .unknown(Array(bytes.prefix(16)))
            }
    }

    // MARK: Binary formats

    private static let signatures: [(bytes: [UInt8], offset: Int, kind: FileKind)] =
        [
            (MappedFile.encryptionMark, 0, .encrypted), (Array("Salted__".utf8), 0, .encrypted),
            (zip, 0, .archive("zip")), (Array("GGUF".utf8), 0, .gguf), (Array("tjgg".utf8), 0, .gguf),
            (Array("lmgg".utf8), 0, .gguf), ([0x93] + "NUMPY".utf8, 0, .numpy), ([0x89] + "HDF\r\n".utf8, 0, .hdf5),
            ([0x1F, 0x8B], 0, .archive("gzip")), ([0x37, 0x7A, 0xBC, 0xAF], 0, .archive("7z")),
            (Array("Rar!".utf8), 0, .archive("rar")), ([0xFD] + "7zXZ".utf8, 0, .archive("xz")),
            ([0x28, 0xB5, 0x2F, 0xFD], 0, .archive("zstd")), (Array("BZh".utf8), 0, .archive("bzip2")),
            (Array("ustar".utf8), 257, .archive("tar")), ([0x89] + "PNG".utf8, 0, .picture("PNG")),
            ([0xFF, 0xD8, 0xFF], 0, .picture("JPEG")), (Array("GIF8".utf8), 0, .picture("GIF")),
            (Array("WEBP".utf8), 8, .picture("WebP")), (Array("ftypavif".utf8), 4, .picture("AVIF")),
            ([0xFF, 0x0A], 0, .picture("JPEG XL")), (Array("JXL ".utf8), 4, .picture("JPEG XL")),
        ]
        // Protocols 2 to 5; earlier ones have no mark.
        + (2...5).map { ([0x80, $0], 0, .pickle) }
        // A protobuf whose first field is a small version, followed by a text or by the graph.
        + (1...20).flatMap { version in [0x12, 0x1A, 0x22, 0x3A, 0x42].map { ([0x08, version, $0], 0, .onnx) } }

    private static let zip: [UInt8] = [0x50, 0x4B, 0x03, 0x04]
    /// The entry that `torch.save` stores first.
    private static let torchEntry = Array("data.pkl".utf8)

    private static func binary(_ bytes: [UInt8]) -> FileKind? {
        if isSafetensors(bytes) { return .safetensors }
        if isCTranslate2(bytes) { return .cTranslate2 }
        let known = signatures.first { signature in
            bytes.count > signature.offset && bytes[signature.offset...].starts(with: signature.bytes)
        }
        return known?.bytes == zip && bytes.firstRange(of: torchEntry) != nil ? .torch : known?.kind
    }

    /// A plausible length, and the beginning of an object. A cut file may have no more than the length.
    private static func isSafetensors(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 8 else { return false }
        let length = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length > 0, length <= SafetensorsHeader.byteLimit else { return false }
        return bytes.count == 8 || [0x7B, 0x20, 0x09, 0x0A, 0x0D].contains(bytes[8])
    }

    /// A version (u32), and the kind of model: a length (u16), letters and digits, and a zero byte.
    private static func isCTranslate2(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 8, (1...16).contains(bytes[0]), bytes[1...3].allSatisfy({ $0 == 0 }) else { return false }
        let name = bytes[6...].prefix(Int(bytes[4]) | Int(bytes[5]) << 8)
        return name.count > 1 && name.last == 0
            && name.dropLast().allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) }
    }

    // MARK: Text

    private static func text(_ bytes: [UInt8]) -> FileKind? {
        // The last character may be cut.
        let candidates = (0..<4).lazy.map { String(validating: bytes.dropLast($0), as: UTF8.self) }
        guard var text = candidates.first(where: { $0 != nil }) ?? nil else { return nil }
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 || "\t\n\r\u{C}".unicodeScalars.contains($0) }) else {
            return nil
        }
        let content = text.drop { $0.isWhitespace }
        // Readers of pictures keep only 16 bytes.
        let pointer = "version https://git-lfs"
        if content.count >= 16, pointer.hasPrefix(content.prefix(pointer.count)) {
            return .lfsPointer(byteCount: size(in: content))
        }
        let start = content.prefix(1024).lowercased()
        if ["<!doctype html", "<html", "<head", "<body"].contains(where: start.contains) { return .webPage }
        switch content.first {
        case "<": return .xml
        case "{", "[": return .json
        default: return .text(String(content.prefix { !$0.isNewline }.prefix(60)))
        }
    }

    /// The number in a pointer's line `size 1234`.
    private static func size(in pointer: Substring) -> Int? {
        pointer.split(whereSeparator: \.isNewline).first { $0.hasPrefix("size ") }.flatMap { Int($0.dropFirst(5)) }
    }
}

extension FileKind: CustomStringConvertible {
    /// A noun with its article.
    public var description: String {
        switch self {
        case .safetensors: "a safetensors file"
        case .empty: "an empty file"
        case .lfsPointer(let byteCount?): "a pointer of Git LFS to the real file of \(byteCount) bytes"
        case .lfsPointer(nil): "a pointer of Git LFS to the real file"
        case .webPage: "a web page"
        case .json: "a JSON file"
        case .xml: "an XML file"
        case .text(let start): "a text that begins '\(start)'"
        case .torch: "a PyTorch file (a pickle in a zip)"
        case .pickle: "a Python pickle"
        case .gguf: "a GGUF or GGML file"
        case .onnx: "an ONNX file"
        case .hdf5: "an HDF5 file"
        case .numpy: "a .npy file"
        case .cTranslate2: "a CTranslate2 model"
        case .archive(let name): "a \(name) archive"
        case .encrypted: "an encrypted file"
        case .picture(let format): "a picture (\(format))"
        case .zeros: "a file of zeros"
        case .unknown(let bytes):
            "of an unknown kind; it begins with "
                + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
        }
    }

    /// The way to the file that was meant, as an order without a full stop.
    public var advice: String {
        switch self {
        case .lfsPointer: "run 'git lfs pull' in its folder, or download the file itself"
        case .webPage, .text: "download the file itself, not its page; some need a login or a licence accepted first"
        case .empty, .zeros, .unknown: "download it again"
        case .torch, .pickle:
            "a pickle can run programs when it is opened; take the model as .safetensors, or convert it where it is trusted"
        case .gguf, .onnx, .hdf5: "take the model as .safetensors"
        case .archive: "unpack it first"
        case .json, .xml: "give the file with the weights, or the model's folder"
        case .encrypted: "give its key (--key-file, or --openssl-password)"
        case .safetensors, .numpy, .cTranslate2, .picture: "give another file"
        }
    }

    /// Whether the file stands in the place of one that was not downloaded.
    public var isPlaceholder: Bool {
        switch self {
        case .lfsPointer, .webPage, .empty: true
        default: false
        }
    }

    /// The kind and the advice as the end of a message that the file is not the expected one.
    public var explanation: String { "it is \(self): \(advice)" }
}
