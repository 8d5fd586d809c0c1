/// The UNet of a step.
public enum UNetPrecision: String, Sendable, CaseIterable {
    /// The UNet in floating point, `LatentDiffusionModel.floatUNet`.
    case float
    /// The UNet of the model itself, which is quantized where precision is mixed.
    case quantized

    /// `f`, `float`, `i` or `int8`.
    public init?(_ text: String) {
        switch text.lowercased() {
        case "f", "float", "f32", "f16": self = .float
        case "i", "int8", "q", "quantized": self = .quantized
        default: return nil
        }
    }
}

/// The assignment of steps to a quantized UNet and a UNet in floating point.
///
/// The first steps settle the composition, and the last ones the details; later steps correct an error in between.
public enum PrecisionSchedule: Sendable, Equatable {
    /// The model's own UNet makes all steps.
    case uniform
    /// Floating point in this many first and last steps, the quantized UNet in between.
    case floatEnds(Int)
    /// The UNet of each step.
    case steps([UNetPrecision])

    static let expected = "f or i for each step, such as f,i,i,f, or a number of steps at either end"

    /// Reads `1`, a number of floating-point steps at either end, or `f,i,i,f`, a letter for each step.
    /// - Throws: `GenerationError.option`.
    public init(_ text: String) throws(GenerationError) {
        if let ends = Int(text) {
            self = .floatEnds(ends)
            return
        }
        var steps: [UNetPrecision] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let precision = UNetPrecision(word.drop { $0 == " " }.description) else {
                throw .option("precision", value: "'\(text)'", expected: Self.expected)
            }
            steps.append(precision)
        }
        self = .steps(steps)
    }

    /// The text that `init(_:)` reads; nil for `.uniform`.
    var text: String? {
        switch self {
        case .uniform: nil
        case .floatEnds(let ends): "\(ends)"
        case .steps(let steps): steps.map { $0 == .float ? "f" : "i" }.joined(separator: ",")
        }
    }

    /// The UNet of each of `count` steps.
    /// - Throws: `GenerationError.option` where the schedule does not fit the number of steps.
    func resolved(_ count: Int) throws(GenerationError) -> [UNetPrecision] {
        switch self {
        case .uniform: return Array(repeating: .quantized, count: count)
        case .floatEnds(let ends):
            guard ends >= 1, 2 * ends <= count else {
                throw .option(
                    "The number of mixed-precision steps", value: "\(ends)",
                    expected: "from 1 to \(count / 2), half of the \(count) steps")
            }
            return (0..<count).map { $0 < ends || $0 >= count - ends ? .float : .quantized }
        case .steps(let steps):
            guard steps.count == count else {
                throw .option(
                    "The precision schedule", value: "of \(steps.count)", expected: "of \(count) steps, as many as there are")
            }
            return steps
        }
    }
}
