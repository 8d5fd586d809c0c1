/// Running mean and covariance of feature vectors, in f64; the vectors themselves are not kept.
public struct FeatureMoments: Sendable {
    /// The number of features in a vector.
    public let featureCount: Int
    /// The number of vectors so far.
    public private(set) var sampleCount = 0
    /// Zeros before the first vector.
    public private(set) var mean: [Double]
    /// Sums of products of deviations from the mean; the lower triangle, row-major.
    private var comoment: [Double]

    /// - Throws: `EvaluationError.count`, `.tooManyFeatures`.
    public init(featureCount: Int) throws(EvaluationError) {
        guard featureCount > 0 else { throw .count(what: "features", expected: 1, found: featureCount) }
        guard featureCount <= 32000 else { throw .tooManyFeatures(featureCount) }
        self.featureCount = featureCount
        mean = [Double](repeating: 0, count: featureCount)
        comoment = [Double](repeating: 0, count: featureCount * featureCount)
    }

    /// Adds one vector (Welford's update, which keeps its precision where means are large against deviations).
    /// - Throws: `EvaluationError.count`, `.notFinite`; the vector is then not added.
    public mutating func add(_ features: some RandomAccessCollection<Float>) throws(EvaluationError) {
        guard features.count == featureCount else {
            throw .count(what: "features", expected: featureCount, found: features.count)
        }
        if let place = features.enumerated().first(where: { !$0.element.isFinite }) {
            throw .notFinite(what: "the features", index: place.offset)
        }
        sampleCount += 1
        let before = zip(features, mean).map { Double($0) - $1 }
        for index in mean.indices { mean[index] += before[index] / Double(sampleCount) }
        let after = zip(features, mean).map { Double($0) - $1 }
        for row in 0..<featureCount {
            let factor = after[row]
            let start = row * featureCount
            for column in 0...row { comoment[start + column] += factor * before[column] }
        }
    }

    /// The covariance matrix `[featureCount, featureCount]` with n − 1 as divisor, as `numpy.cov`.
    /// - Throws: `EvaluationError.tooFewSamples` below 2.
    public func covariance() throws(EvaluationError) -> [Double] {
        guard sampleCount >= 2 else { throw .tooFewSamples(sampleCount, minimum: 2) }
        let divisor = Double(sampleCount - 1)
        var result = [Double](repeating: 0, count: comoment.count)
        for row in 0..<featureCount {
            for column in 0...row {
                let value = comoment[row * featureCount + column] / divisor
                result[row * featureCount + column] = value
                result[column * featureCount + row] = value
            }
        }
        return result
    }
}

extension FeatureMoments {
    /// Precomputed moments, such as pytorch-fid's `mu` and `sigma`.
    /// - Parameters:
    ///   - covariance: `[n, n]`, with n − 1 as divisor.
    ///   - sampleCount: the number of vectors behind the moments; it does not change a distance.
    /// - Throws: `EvaluationError.count`, `.notFinite`, `.tooFewSamples`.
    public init(mean: [Double], covariance: [Double], sampleCount: Int = 2) throws(EvaluationError) {
        try self.init(featureCount: mean.count)
        guard covariance.count == mean.count * mean.count else {
            throw .count(what: "elements of the covariance", expected: mean.count * mean.count, found: covariance.count)
        }
        guard sampleCount >= 2 else { throw .tooFewSamples(sampleCount, minimum: 2) }
        if let index = mean.firstIndex(where: { !$0.isFinite }) { throw .notFinite(what: "the mean", index: index) }
        if let index = covariance.firstIndex(where: { !$0.isFinite }) { throw .notFinite(what: "the covariance", index: index) }
        self.mean = mean
        self.sampleCount = sampleCount
        comoment = covariance.map { $0 * Double(sampleCount - 1) }
    }
}
