/// What can go wrong while activations are measured.
public enum CalibrationError: Error, Equatable, Sendable {
    /// A run's statistics are not those that were asked for.
    case statistics(String)
}

extension CalibrationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .statistics(let reason): "The statistics of a calibration run can't be used: \(reason)."
        }
    }
}
