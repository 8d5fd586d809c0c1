public import TensorStore

/// What a model's `scheduler/scheduler_config.json` says: a scheduler's class and its options.
public enum SchedulerConfig: Sendable, Equatable {
    case lcm(LCMSchedulerConfig)

    /// The `_class_name`s that are understood.
    public static let classNames = ["LCMScheduler"]

    /// - Parameter file: its name, for errors.
    /// - Throws: `SchedulerError.unknownClass`, `.option` or `.file`. Keys that are no option of the class are ignored,
    ///   as diffusers ignores them.
    public init(json: JSONValue, file: String) throws(SchedulerError) {
        let reader = try SchedulerConfigReader(json, file: file)
        self =
            switch json["_class_name"]?.string {
            case "LCMScheduler": .lcm(try LCMSchedulerConfig(reader))
            case let name: throw .unknownClass(name, supported: Self.classNames, file: file)
            }
    }

    /// The scheduler with its plan for a picture.
    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        switch self {
        case .lcm(let config): try LCMScheduler(config: config, request)
        }
    }
}
