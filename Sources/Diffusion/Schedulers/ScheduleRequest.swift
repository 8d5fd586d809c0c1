/// Which steps a picture is to take.
public struct ScheduleRequest: Sendable, Equatable {
    public enum Steps: Sendable, Equatable {
        /// So many, spaced as the scheduler spaces them.
        case count(Int)
        /// At these training indices, descending.
        case timesteps([Int])
    }

    public var steps: Steps
    /// Of the schedule that an LCM was distilled on; nil for the config's.
    public var originalInferenceSteps: Int?
    /// The part of the schedule that is taken, its end: 1 from pure noise, less to change a picture.
    public var strength: Double

    public init(_ steps: Steps, originalInferenceSteps: Int? = nil, strength: Double = 1) {
        self.steps = steps
        self.originalInferenceSteps = originalInferenceSteps
        self.strength = strength
    }
}
