public import TensorStore

/// A scheduler's class and its options, as in a model's `scheduler/scheduler_config.json`.
public struct SchedulerConfig: Sendable {
    /// The class's options.
    public var options: any SchedulerClassConfig

    static let classes: [any ReadableSchedulerConfig.Type] = [
        DDIMSchedulerConfig.self,
        DDPMSchedulerConfig.self,
        DPMSolverMultistepSchedulerConfig.self,
        EulerAncestralDiscreteSchedulerConfig.self,
        EulerDiscreteSchedulerConfig.self,
        HeunDiscreteSchedulerConfig.self,
        LCMSchedulerConfig.self,
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

    /// Another class with the options that it shares with this file; its other options have the class's defaults.
    ///
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
        let reader = SchedulerConfigReader(json, file: file, overriding: override)
        guard let type = Self.classes.first(where: { $0.className == name }) else {
            throw .unknownClass(name, supported: Self.classNames, file: file)
        }
        options = try type.init(reader)
        if let stranger = override.keys.sorted().first(where: { !reader.asked.contains($0) }) {
            throw .notAnOption(stranger, className: type.className)
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
}

/// Options that override those in a model's file; nil keeps the file's value, or the class's default.
public struct SchedulerOptionsOverride: Sendable, Equatable {
    public var timestepSpacing: TimestepSpacing?
    public var useKarrasSigmas: Bool?
    public var predictionType: PredictionType?
    public var rescaleBetasZeroSNR: Bool?

    public init(
        timestepSpacing: TimestepSpacing? = nil, useKarrasSigmas: Bool? = nil, predictionType: PredictionType? = nil,
        rescaleBetasZeroSNR: Bool? = nil
    ) {
        self.timestepSpacing = timestepSpacing
        self.useKarrasSigmas = useKarrasSigmas
        self.predictionType = predictionType
        self.rescaleBetasZeroSNR = rescaleBetasZeroSNR
    }

    /// The options by their names in the file.
    var options: [String: JSONValue] {
        var options: [String: JSONValue] = [:]
        options["timestep_spacing"] = timestepSpacing.map { .string($0.rawValue) }
        options["use_karras_sigmas"] = useKarrasSigmas.map { .bool($0) }
        options["prediction_type"] = predictionType.map { .string($0.rawValue) }
        options["rescale_betas_zero_snr"] = rescaleBetasZeroSNR.map { .bool($0) }
        return options
    }
}
