/// The result of a safety checker for a picture.
public struct SafetyVerdict: Sendable, Equatable {
    /// The picture's score above each concept's threshold, to three decimals; a positive score means that it shows the concept.
    public let conceptScores: [Float]
    /// The same for special care concepts, which do not flag a picture, but raise the scores of the others.
    public let specialCareScores: [Float]

    /// Indices of the concepts that the picture shows, in the checkpoint's order.
    public var concepts: [Int] { conceptScores.indices.filter { conceptScores[$0] > 0 } }
    /// Indices of the special care concepts that the picture shows.
    public var specialCare: [Int] { specialCareScores.indices.filter { specialCareScores[$0] > 0 } }
    /// Whether the picture should not be shown.
    public var isFlagged: Bool { !concepts.isEmpty }

    /// Follows diffusers' `StableDiffusionSafetyChecker.forward`, in single precision: after the first special care concept in a
    /// picture, all later scores are raised by 0.01.
    /// - Parameters: cosines minus their thresholds, all finite.
    init(concepts: [Float], specialCare: [Float]) {
        var adjustment: Float = 0
        func rounded(_ score: Float) -> Float { ((score + adjustment) * 1000).rounded(.toNearestOrEven) / 1000 }
        var scores: [Float] = []
        for score in specialCare {
            scores.append(rounded(score))
            if scores[scores.count - 1] > 0 { adjustment = 0.01 }
        }
        specialCareScores = scores
        conceptScores = concepts.map { rounded($0) }
    }
}
