public import TensorStore

/// An error in a scheduler's configuration, plan or input.
public enum SchedulerError: Error, Equatable, Sendable {
    /// An unsupported `_class_name`, with the names of the nearest schedulers; nil where the file has none.
    case unknownClass(String?, near: [String], supported: [String], file: String)
    /// An option with an invalid value. `file` is nil where the option was set in code.
    case option(String, expected: String, found: String, file: String?)
    /// The file is not a JSON object.
    case file(String, reason: String)
    /// A name that is neither in `SchedulerName.all` nor a class.
    case unknownName(String, near: [String], known: [String])
    /// An override of an option that the class does not have.
    case notAnOption(String, className: String)

    /// An invalid number of steps.
    case steps(Int)
    /// More steps of the original schedule than training had.
    case originalSteps(Int, trained: Int)
    /// More steps than the part of the original schedule that `strength` leaves.
    case tooManySteps(Int, originalSteps: Int, strength: Double)
    /// More steps than training had, or more than distinct timesteps.
    case moreStepsThanTraining(Int, trained: Int)
    /// Fewer steps than the solver needs to start.
    case tooFewSteps(Int, needed: Int, className: String)
    /// A strength outside 0 to 1.
    case strength(Double)
    /// An eta outside 0 to 1.
    case eta(Double)
    /// A strength that leaves no step.
    case noSteps(of: Int, strength: Double)
    /// Explicit timesteps for a scheduler that does not take them.
    case timestepsNotSupported(className: String)
    /// Explicit timesteps together with a rule that spaces sigmas.
    case timestepsWithSpacedSigmas(option: String)
    /// Explicit timesteps, none of which is left.
    case noTimesteps(given: Int, strength: Double)
    case timestepsNotDescending(previous: Int, next: Int)
    case timestepOutOfRange(Int, trained: Int)

    case position(Int, count: Int)
    /// A tensor whose shape or type differs from `sample`, or a sample that is not f32 with a batch axis.
    case tensor(String, expected: String, found: String)
    /// The step at this position adds noise, but no noise was passed.
    case noise(position: Int)
}

extension SchedulerError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownClass(let name, let near, let supported, let file):
            """
            \(file) \(name.map { "asks for the scheduler \($0), which is not supported" } ?? "has no _class_name"). Choose another \
            with --scheduler; \(name == nil ? "usual" : "nearest") \(near.count == 1 ? "is" : "are") \(near.joined(separator: ", ")). \
            Supported are: \(supported.joined(separator: ", ")).
            """
        case .option(let key, let expected, let found, let file):
            "\(file.map { "\($0): " } ?? "")\(key) must be \(expected); it is \(found)."
        case .file(let file, let reason): "\(file) is not a scheduler configuration: \(reason)"
        case .unknownName(let name, let near, let known):
            """
            No scheduler is called '\(name)'\(near.isEmpty ? "" : "; similar are: \(near.joined(separator: ", "))"). \
            Known are \(known.joined(separator: ", ")), most of these also with -karras, -exponential or -beta, and diffusers' class \
            names.
            """
        case .notAnOption(let key, let className): "\(className) has no option \(key); leave it out, or take another scheduler."
        case .steps(let found): "The number of steps must be 1 or more; it is \(found)."
        case .originalSteps(let found, let trained):
            "The original schedule must have 1 to \(trained) steps, as many as training had; \(found) were asked for."
        case .tooManySteps(let found, let original, let strength):
            """
            \(found) step\(found == 1 ? " is" : "s are") more than the original schedule has: \(original) steps at strength \(strength) leave \
            \(Int(Double(original) * strength)). Take fewer steps, or a higher strength.
            """
        case .moreStepsThanTraining(let found, let trained):
            "\(found) steps are more than can be spaced over the \(trained) that training had; take fewer."
        case .tooFewSteps(let found, let needed, let className):
            "\(className) needs \(needed) steps or more as it is configured; \(found) were asked for."
        case .eta(let found): "eta must be from 0 to 1; it is \(found)."
        case .noSteps(let count, let strength):
            """
            Strength \(strength) leaves none of \(count) steps. Take \
            \(count > 1 ? "a strength of \(Self.rounded(1 / Double(count))) or more" : "")\
            \(count > 1 && strength > 1e-6 ? ", or " : "")\
            \(strength > 1e-6 ? "\(Int((1 / strength).rounded(.up))) steps or more" : count > 1 ? "" : "more steps").
            """
        case .timestepsNotSupported(let className):
            "\(className) spaces its timesteps itself; give a number of steps in place of timesteps, or take another scheduler."
        case .timestepsWithSpacedSigmas(let option):
            "Timesteps cannot be given by hand together with \(option); give a number of steps, or switch it off."
        case .strength(let found): "The strength must be from 0 to 1; it is \(found)."
        case .noTimesteps(let given, let strength):
            "Of \(given) timesteps given by hand, none is left at strength \(strength)."
        case .timestepsNotDescending(let previous, let next):
            "Timesteps given by hand must descend; \(next) follows \(previous)."
        case .timestepOutOfRange(let found, let trained):
            "Timesteps given by hand must be from 0 to \(trained - 1); \(found) is not."
        case .position(let found, let count): "The schedule has \(count) steps; there is no step at position \(found)."
        case .tensor(let what, let expected, let found): "The \(what) must be \(expected); it is \(found)."
        case .noise(let position): "The step at position \(position) adds noise, and none was given."
        }
    }
}

extension SchedulerError {
    /// Throws `.option` for an option set in code, unless `isValid`.
    static func check(
        _ isValid: Bool, _ key: String, _ expected: String, _ found: some Any
    ) throws(SchedulerError) {
        if !isValid { throw .option(key, expected: expected, found: "\(found)", file: nil) }
    }

    /// The value rounded up to three decimals.
    private static func rounded(_ value: Double) -> Double { (value * 1000).rounded(.up) / 1000 }
}

/// Reads options by name and type from a `scheduler_config.json`; absent and null options have the class's default.
typealias SchedulerConfigReader = OptionReader<SchedulerError>

extension SchedulerError: OptionFailure {
    public init(_ error: OptionError) {
        let (expected, found) = error.phrases
        self = .option(error.key, expected: expected, found: found, file: error.file)
    }
}
