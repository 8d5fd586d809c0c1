public import TensorStore

/// What a model's `scheduler/scheduler_config.json` says: a scheduler's class and its options.
public struct SchedulerConfig: Sendable {
    /// Of the class.
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

    /// The `_class_name`s that are understood.
    public static let classNames = classes.map { $0.className }

    public init(_ options: any SchedulerClassConfig) { self.options = options }

    /// - Parameters:
    ///   - file: its name, for errors.
    ///   - override: options in place of the file's.
    /// - Throws: `SchedulerError.unknownClass`, `.option`, `.notAnOption` or `.file`. Keys that are no option of the class are
    ///   ignored, as diffusers ignores them.
    public init(
        json: JSONValue, file: String, overriding override: SchedulerOptionsOverride = .init()
    ) throws(SchedulerError) {
        try self.init(json["_class_name"]?.string, json, file: file, override.options)
    }

    /// Another class with the options of this file that it shares; the others have its own defaults.
    ///
    /// Reference: `Other.from_config(pipeline.scheduler.config)` of diffusers.
    /// - Throws: as the form that takes the file's own class.
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
    /// - Throws: `SchedulerError` where the request does not fit the config, or the config is impossible.
    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        try options.scheduler(request)
    }
}

extension SchedulerConfig: Equatable {
    public static func == (a: SchedulerConfig, b: SchedulerConfig) -> Bool { a.options.equals(b.options) }
}
