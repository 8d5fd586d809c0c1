public import TensorStore

/// Reads options by name and type from a `scheduler_config.json`; those that are absent or null have the class's default.
typealias SchedulerConfigReader = OptionReader<SchedulerError>

extension SchedulerError: OptionFailure {
    public init(_ error: OptionError) {
        let (expected, found) = error.phrases
        self = .option(error.key, expected: expected, found: found, file: error.file)
    }
}
