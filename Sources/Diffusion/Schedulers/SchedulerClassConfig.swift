/// The options of one of diffusers' scheduler classes, with its defaults: the common ones in `base`, reached as members too
/// (`config.timestepSpacing`), and its own.
///
/// Options have diffusers' names and meaning; what `validate` or the initializer from a file refuses, it names.
@dynamicMemberLookup
public protocol SchedulerClassConfig: Sendable, Equatable {
    /// `_class_name` in the file.
    static var className: String { get }
    var base: BaseSchedulerConfig { get set }

    /// The scheduler with its plan for a picture.
    /// - Throws: `SchedulerError` where the request does not fit the config, or the config is impossible.
    func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler
}

extension SchedulerClassConfig {
    public subscript<Value>(dynamicMember path: WritableKeyPath<BaseSchedulerConfig, Value>) -> Value {
        get { base[keyPath: path] }
        set { base[keyPath: path] = newValue }
    }

    /// Whether `other` is of this class and says the same.
    func equals(_ other: any SchedulerClassConfig) -> Bool { (other as? Self) == self }
}

/// A config that a file can give.
protocol ReadableSchedulerConfig: SchedulerClassConfig {
    /// - Throws: `SchedulerError.option` where a value has another type, is a word that is not known, or asks for what is not
    ///   supported. Absent options have the class's defaults.
    init(_ reader: SchedulerConfigReader) throws(SchedulerError)
}
