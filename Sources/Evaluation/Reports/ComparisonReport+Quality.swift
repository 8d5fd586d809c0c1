import Foundation

extension ComparisonReport {
    /// A measure's value for a table: with two decimals if `model`, or else the value itself, is 10 or more, as decibels and
    /// scores are; with five otherwise.
    public func figure(_ value: Double?, like model: Double? = nil) -> String {
        guard let value, value.isFinite else { return "–" }
        return String(format: abs(model ?? value) >= 10 ? "%.2f" : "%.5f", value)
    }

    /// One measure over all pictures.
    public struct Quality: Codable, Sendable, Equatable {
        /// The measure's name and unit, such as `PSNR (dB)`.
        public let measure: String
        /// The mean of the finite values; nil where there are none.
        public private(set) var mean: Double?
        /// The sample standard deviation, with n − 1 as divisor; nil for fewer than two values.
        public private(set) var standardDeviation: Double?
        /// The number of values in the mean.
        public let count: Int
        /// The number of infinite values, which are left out: equal pictures have an infinite PSNR.
        public let equalCount: Int
        /// The number of undefined values, which are left out: a zero vector has no cosine.
        public let undefinedCount: Int
        /// The value that is farthest from equality, and its prompt.
        public private(set) var worst: Double?
        public private(set) var worstPrompt: String?

        /// - Parameters:
        ///   - prompts: the prompt of each value; may be empty.
        ///   - higherIsBetter: whether the lowest value is the worst.
        public init(measure: String, values: [Double], prompts: [String] = [], higherIsBetter: Bool = true) {
            let finite = values.filter(\.isFinite)
            self.measure = measure
            count = finite.count
            equalCount = values.filter(\.isInfinite).count
            undefinedCount = values.filter(\.isNaN).count
            guard !finite.isEmpty else { return }
            let mean = finite.reduce(0, +) / Double(finite.count)
            self.mean = mean
            worst = higherIsBetter ? finite.min() : finite.max()
            if let index = values.firstIndex(where: { $0 == worst }), index < prompts.count { worstPrompt = prompts[index] }
            guard finite.count > 1 else { return }
            let squares = finite.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            standardDeviation = (squares / Double(finite.count - 1)).squareRoot()
        }

        enum CodingKeys: String, CodingKey {
            case measure, mean, count, worst
            case standardDeviation = "standard_deviation"
            case equalCount = "equal_count"
            case undefinedCount = "undefined_count"
            case worstPrompt = "worst_prompt"
        }

        /// The values left out of the mean, for a table: "3 equal"; empty where there are none.
        public var leftOut: String {
            [equalCount > 0 ? "\(equalCount) equal" : nil, undefinedCount > 0 ? "\(undefinedCount) undefined" : nil]
                .compactMap(\.self).joined(separator: ", ")
        }
    }
}
