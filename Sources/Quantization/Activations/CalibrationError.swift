/// Errors of measuring activations.
public enum CalibrationError: Error, Equatable, Sendable {
    /// The statistics of a run are not those that were requested.
    case statistics(String)
    /// No run was recorded.
    case noRuns
    /// The range estimator needs histograms, and there are none.
    case noHistograms
    /// The activations that this operation reads were not measured.
    case noQuantizer(operation: String)
    /// No statistics of this operation's input were collected.
    case noChannels(operation: String)
}

extension CalibrationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .statistics(let reason): "The statistics of a calibration run can't be used: \(reason)."
        case .noRuns: "No calibration run was recorded, and without one there are no ranges."
        case .noHistograms: "Ranges by quantiles or least error need a second pass over the calibration set, which was not made."
        case .noQuantizer(let operation): "The activations that '\(operation)' reads were not measured."
        case .noChannels(let operation): "No statistics of the channels that '\(operation)' reads were collected."
        }
    }
}
