/// An error in a comparison of two results.
public enum EvaluationError: Error, Equatable, Sendable {
    /// Two pictures differ in size.
    case pictureSize(width: Int, height: Int, other: (width: Int, height: Int))
    /// A side of a picture is shorter than a measure needs.
    case tooSmall(width: Int, height: Int, minimum: Int, measure: String)
    /// Numbers of elements that should be equal.
    case count(what: String, expected: Int, found: Int)
    /// Fewer samples than a covariance needs.
    case tooFewSamples(Int, minimum: Int)
    /// The first element that is NaN or infinite.
    case notFinite(what: String, index: Int)
    /// LAPACK did not converge; `info` is its return value.
    case eigenvalues(info: Int)
    /// More features than LAPACK's 32-bit sizes take.
    case tooManyFeatures(Int)
    /// A parameter in a file has an invalid or unsupported value.
    case parameter(String, value: String, expected: String, file: String)

    public static func == (a: EvaluationError, b: EvaluationError) -> Bool { a.description == b.description }
}

extension EvaluationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .pictureSize(let width, let height, let other):
            "The pictures are \(width)×\(height) and \(other.width)×\(other.height); only pictures of one size can be compared."
        case .tooSmall(let width, let height, let minimum, let measure):
            "A picture of \(width)×\(height) is too small for \(measure), which takes \(minimum)×\(minimum) or more."
        case .count(let what, let expected, let found): "There must be \(expected) \(what), not \(found)."
        case .tooFewSamples(let count, let minimum): "\(count) samples have no covariance; \(minimum) or more are needed."
        case .notFinite(let what, let index): "Element \(index) of \(what) is not a finite number."
        case .eigenvalues(let info): "The eigenvalues of a covariance could not be computed (LAPACK's info is \(info))."
        case .parameter(let name, let value, let expected, let file): "\(file): \(name) must be \(expected), not \(value)."
        case .tooManyFeatures(let count): "\(count) features are more than the system's LAPACK can take."
        }
    }
}
