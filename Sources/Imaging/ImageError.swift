import Glibc
import TensorStore

/// An error of a picture or a picture file.
public enum ImageError: Error, Equatable, Sendable {
    /// A size that does not match its samples (`expected` are needed), or that no picture can have (`expected` is nil).
    case size(width: Int, height: Int, expected: Int?, found: Int)
    /// A NaN in the samples of a network's picture; channel 0 is red.
    case notANumber(x: Int, y: Int, channel: Int)

    /// Samples whose last axes are not the mask's height and width.
    case maskSize(width: Int, height: Int, samples: [Int])
    /// A blur's standard deviation, in pixels, outside 0...`limit`.
    case blurRadius(Float, limit: Float)
    /// An invalid value in preprocessor_config.json.
    case parameter(String, value: String, expected: String, file: String)

    case missing(file: String)
    /// A file that can't be read; `errno` is the system's error number.
    case cannotRead(file: String, errno: CInt)
    case cannotWrite(file: String, errno: CInt)

    /// A file in none of the formats of `ImageFormat`; `found` are its first bytes, at most 16.
    case notAPicture(file: String, found: [UInt8])
    case truncated(file: String, ImageFormat)
    /// A damaged file; `reason` is the decoder's message.
    case corrupt(file: String, ImageFormat, reason: String)
    case unsupported(file: String, ImageFormat, reason: String)

    case tooLarge(file: String, width: Int, height: Int, ImageLimits)
    case fileTooLarge(file: String, limit: Int)
    case metadataTooLarge(file: String, limit: Int)
    case outOfMemory(file: String)

    /// A metadata text that the format can't store.
    case metadata(key: String, problem: MetadataProblem)
    case metadataCount(Int, limit: Int)
    /// A quality outside 1...100.
    case quality(Int)
    /// A failure of the encoder.
    case cannotEncode(ImageFormat, reason: String)

    public enum MetadataProblem: Equatable, Sendable {
        case key, embeddedNUL, colonInKey
        case commentBytes(Int, limit: Int)
    }
}

extension ImageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .size(let width, let height, let expected?, let found):
            "A picture of \(width)×\(height) has \(expected) samples, not \(found)."
        case .size(let width, let height, nil, _): "\(width)×\(height) is not a valid size of a picture."
        case .notANumber(let x, let y, let channel):
            "The \(["red", "green", "blue"][min(max(channel, 0), 2)]) sample at (\(x), \(y)) is not a number; "
                + "the model overflowed (a higher precision helps)."
        case .maskSize(let width, let height, let samples): "A mask of \(width)×\(height) does not fit samples of \(samples)."
        case .blurRadius(let radius, let limit): "A blur's radius is 0 to \(limit) pixels, not \(radius)."
        case .parameter(let name, let value, let expected, let file): "\(file): \(name) must be \(expected), not \(value)."
        case .missing(let file): "There is no file '\(file)'."
        case .cannotRead(let file, let code): "'\(file)' can't be read: \(Self.text(of: code))."
        case .cannotWrite(let file, let code): "'\(file)' can't be written: \(Self.text(of: code))."
        case .notAPicture(let file, let found) where found.isEmpty: "'\(file)' is empty."
        case .notAPicture(let file, let found) where FileKind(firstBytes: found).isPlaceholder:
            "'\(file)' is no picture; \(FileKind(firstBytes: found).explanation)."
        case .notAPicture(let file, let found):
            UnreadFormat(signatureOf: found).map { kind in
                "'\(file)' is \(kind.rawValue), which is not read; convert it to PNG, JPEG or WebP first, with ImageMagick for "
                    + "example: magick FILE picture.png"
            }
                ?? "'\(file)' is not a picture of a known kind (\(ImageFormat.allCases.map(\.description).joined(separator: ", "))); "
                + "it begins with \(Self.hexadecimal(found)) (\(Self.printable(found)))."
        case .truncated(let file, let format): "'\(file)' is a \(format) that ends early."
        case .corrupt(let file, let format, let reason): "'\(file)' is a damaged \(format): \(reason)."
        case .unsupported(let file, let format, let reason): "'\(file)' is a \(format) of an unsupported kind: \(reason)."
        case .tooLarge(let file, let width, let height, let limits):
            "'\(file)' is \(width)×\(height); the limits are \(limits.width)×\(limits.height) and \(limits.pixels) pixels."
        case .fileTooLarge(let file, let limit): "'\(file)' is larger than the limit of \(limit) bytes."
        case .metadataTooLarge(let file, let limit):
            "The texts in '\(file)' are more than the limit of \(limit) bytes or \(ImageMetadata.maximumCount) entries."
        case .outOfMemory(let file): "There is not enough memory for '\(file)'."
        case .metadata(let key, let problem): "The text '\(key)' can't be stored: \(problem)."
        case .metadataCount(let count, let limit): "A picture holds at most \(limit) texts, not \(count)."
        case .quality(let quality): "The quality of a JPEG or WebP is 1 to 100, not \(quality)."
        case .cannotEncode(let format, let reason): "The \(format) can't be made: \(reason)."
        }
    }

    private static func text(of code: CInt) -> String { String(cString: strerror(code)) }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }

    private static func printable(_ bytes: [UInt8]) -> String {
        String(String.UnicodeScalarView(bytes.map { 0x20...0x7E ~= $0 ? Unicode.Scalar($0) : "." }))
    }
}

extension ImageError.MetadataProblem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .key: "a key is 1 to 79 printable Latin-1 characters, without a space at an end or two together"
        case .embeddedNUL: "it contains a NUL"
        case .colonInKey: "a JPEG's key must not contain a colon and a space"
        case .commentBytes(let count, let limit): "it takes \(count) bytes as a JPEG comment, which holds \(limit)"
        }
    }
}
