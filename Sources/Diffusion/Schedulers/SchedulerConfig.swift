public import TensorStore

/// A scheduler's class and its options, as in a model's `scheduler/scheduler_config.json`.
public struct SchedulerConfig: Sendable {
    /// The class's options.
    public var options: any SchedulerClassConfig

    static let classes: [any ReadableSchedulerConfig.Type] = [
        DDIMSchedulerConfig.self,
        DDPMSchedulerConfig.self,
        DEISMultistepSchedulerConfig.self,
        DPMSolverMultistepSchedulerConfig.self,
        DPMSolverSinglestepSchedulerConfig.self,
        EulerAncestralDiscreteSchedulerConfig.self,
        EulerDiscreteSchedulerConfig.self,
        HeunDiscreteSchedulerConfig.self,
        KDPM2AncestralDiscreteSchedulerConfig.self,
        KDPM2DiscreteSchedulerConfig.self,
        LCMSchedulerConfig.self,
        LMSDiscreteSchedulerConfig.self,
        PNDMSchedulerConfig.self,
        TCDSchedulerConfig.self,
        UniPCMultistepSchedulerConfig.self,
    ]

    /// The supported values of `_class_name`.
    public static let classNames = classes.map { $0.className }

    public init(_ options: any SchedulerClassConfig) { self.options = options }

    /// - Parameters:
    ///   - file: the file's name in errors.
    ///   - override: options that replace the file's.
    /// - Throws: `SchedulerError.unknownClass`, `.option`, `.notAnOption` or `.file`. Keys that are not options of the class are
    ///   ignored, as in diffusers.
    public init(
        json: JSONValue, file: String, overriding override: SchedulerOptionsOverride = .init()
    ) throws(SchedulerError) {
        try self.init(json["_class_name"]?.string, json, file: file, override.options)
    }

    /// Another class with the options that it shares with this file, whose own class need not be supported; its other options have
    /// the class's defaults.
    ///
    /// An option of the solver itself whose value the class does not have, such as the `algorithm_type` of another kind of solver,
    /// has the default too; diffusers refuses some of these.
    /// Reference: `Other.from_config(pipeline.scheduler.config)` of diffusers.
    /// - Throws: as the initializer with the file's own class.
    public init(
        className: String, json: JSONValue, file: String, overriding override: SchedulerOptionsOverride = .init()
    ) throws(SchedulerError) {
        try self.init(className, json, file: file, override.options)
    }

    init(
        _ name: String?, _ json: JSONValue, file: String, _ override: [String: JSONValue]
    ) throws(SchedulerError) {
        guard json.object != nil else { throw .file(file, reason: "it must be an object in braces.") }
        guard let type = Self.classes.first(where: { $0.className == name }) else {
            throw .unknownClass(name, near: SchedulerName.near(className: name), supported: Self.classNames, file: file)
        }
        var reader = SchedulerConfigReader(json, file: file, overriding: override)
        // A file without a class is the chosen one's, as in diffusers.
        if [nil, .null, .string(type.className)].contains(json["_class_name"]) {
            options = try type.init(reader)
        } else {
            (options, reader) = try Self.replacement(type, json, file: file, override)
        }
        // An option that the class lacks is as good as off.
        if let stranger = override.keys.sorted().first(where: { !reader.asked.contains($0) && override[$0] != false }) {
            throw .notAnOption(stranger, className: type.className)
        }
    }

    /// The options that say how a solver computes, not what the model is: words of one class may mean nothing to another.
    private static let optionsOfSolvers: Set = [
        "algorithm_type", "solver_type", "solver_order", "solver_p", "final_sigmas_type", "variance_type", "timestep_type",
        "interpolation_type", "use_flow_sigmas", "use_dynamic_shifting", "predict_x0", "lower_order_final", "disable_corrector",
    ]

    /// The options of a class from the file of another one, without those of the solver that the class refuses.
    private static func replacement(
        _ type: any ReadableSchedulerConfig.Type, _ json: JSONValue, file: String, _ override: [String: JSONValue]
    ) throws(SchedulerError) -> (any ReadableSchedulerConfig, SchedulerConfigReader) {
        var override = override
        while true {
            let reader = SchedulerConfigReader(json, file: file, overriding: override)
            do throws(SchedulerError) {
                let options = try type.init(reader)
                try options.validate()
                return (options, reader)
            } catch {
                guard case .option(let key, _, _, _) = error, optionsOfSolvers.contains(key), override[key] == nil else {
                    throw error
                }
                // As if it were absent.
                override[key] = .null
            }
        }
    }

    public var className: String { type(of: options).className }

    /// The scheduler with its plan for a picture.
    /// - Throws: `SchedulerError` where the request does not fit the config, or the config is invalid.
    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        try options.scheduler(request)
    }
}

extension SchedulerConfig: Equatable {
    public static func == (a: SchedulerConfig, b: SchedulerConfig) -> Bool { a.options.equals(b.options) }
}

/// The options of one of diffusers' scheduler classes, with its defaults: the common ones in `base`, also accessible as members
/// (`config.timestepSpacing`), and its own.
///
/// Options have diffusers' names and meaning; errors of `validate` and of the initializer from a file name them.
@dynamicMemberLookup
public protocol SchedulerClassConfig: Sendable, Equatable {
    /// `_class_name` in the file.
    static var className: String { get }
    var base: BaseSchedulerConfig { get set }

    /// The scheduler with its plan for a picture.
    /// - Throws: `SchedulerError` where the request does not fit the config, or the config is invalid.
    func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler
}

/// The options of a class that can space σ by a rule.
public protocol SigmaSpacedConfig: SchedulerClassConfig {
    var sigmas: SigmaOptions { get set }
}

extension SchedulerClassConfig {
    public subscript<Value>(dynamicMember path: WritableKeyPath<BaseSchedulerConfig, Value>) -> Value {
        get { base[keyPath: path] }
        set { base[keyPath: path] = newValue }
    }

    /// Whether `other` has the same class and options.
    func equals(_ other: any SchedulerClassConfig) -> Bool { (other as? Self) == self }
}

/// A config that can be read from a file.
protocol ReadableSchedulerConfig: SchedulerClassConfig {
    /// - Throws: `SchedulerError.option` where a value has another type, is an unknown word, or is not supported. Absent options
    ///   have the class's defaults.
    init(_ reader: SchedulerConfigReader) throws(SchedulerError)

    /// - Throws: `SchedulerError.option` where values are out of range, or do not go together.
    func validate() throws(SchedulerError)
}

extension ReadableSchedulerConfig {
    func validate() throws(SchedulerError) { try base.validate() }
}
