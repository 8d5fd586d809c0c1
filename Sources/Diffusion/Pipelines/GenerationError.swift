import Imaging

/// An error in a request, or in the outputs of a model.
public enum GenerationError: Error, Equatable, Sendable {
    case emptyPrompt(index: Int)
    /// A text with a NUL, which no tokenizer sees and no file of a picture can hold.
    case nul(option: String)
    /// An initial image without a whole latent, and no size to scale it to.
    case smallImage(width: Int, height: Int, least: Int)
    case noPrompts
    /// The pipeline is busy with another request of the same actor.
    case busy
    /// An option's value is out of range.
    case option(String, value: String, expected: String)
    /// An option for an initial image, in a request without one.
    case needsImage(option: String)
    /// A side of the picture is not a multiple of the latents' factor, is too long, or is not positive.
    case size(String, value: Int, multiple: Int)
    /// The model's networks do not fit together.
    case model(file: String, reason: String)
    /// A network's output holds NaN or infinity.
    case notFinite(network: String, precision: String)

    /// More memory than there is; `needed` is an estimate of the least. In bytes.
    case memory(width: Int, height: Int, needed: Int, available: Int, isLimit: Bool)

    /// The longest side of a picture, in pixels.
    static let longestSide = 1 << 14
    /// The most pixels of a picture, as many as files may have by default.
    static let mostPixels = ImageLimits().pixels
}

extension GenerationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .emptyPrompt(let index): "Prompt \(index + 1) is empty; say what to draw."
        case .nul(let option): "The \(option) contains a NUL, the character of code 0; remove it."
        case .smallImage(let width, let height, let least):
            "The picture to begin with is \(width)×\(height); it must be \(least)×\(least) or larger, or scaled by a width and a height."
        case .busy: "The pipeline is drawing already; wait for that request, or use a pipeline for each."
        case .noPrompts: "There is no prompt; say what to draw."
        case .option(let name, let value, let expected): "\(name) must be \(expected); it is \(value)."
        case .needsImage(let option): "The \(option) says how a picture to begin with is used, and there is none."
        case .size(let side, let value, let multiple):
            (1...Self.longestSide).contains(value)
                ? "The \(side) must be a multiple of \(multiple); \(value) is not. "
                    + (value < multiple
                        ? "The nearest is \(multiple)."
                        : "The nearest are \(value / multiple * multiple) and \((value / multiple + 1) * multiple).")
                : "The \(side) must be a multiple of \(multiple), from \(multiple) to \(Self.longestSide); it is \(value)."
        case .model(let file, let reason): "\(file): \(reason)\(reason.hasSuffix(".") ? "" : ".")"
        case .memory(let width, let height, let needed, let available, let isLimit):
            "A picture of \(width)×\(height) takes about \(Self.megabytes(needed)) of memory at the least; "
                + (isLimit ? "the limit is \(Self.megabytes(available))." : "this machine has \(Self.megabytes(available)).")
                + (isLimit ? " Raise the limit, or draw a smaller picture." : " Draw a smaller picture.")
        case .notFinite(let network, let precision):
            "The \(network) computed values that are not numbers in precision \(precision)"
                + (precision == "f32"
                    ? ": its weights or those of a LoRA are damaged, or an option is far from what it is made for."
                    : "; f32 may help.")
        }
    }

    /// In the unit of 1024², rounded up, as limits are written.
    private static func megabytes(_ bytes: Int) -> String { "\((bytes - 1) / (1 << 20) + 1)M" }
}
