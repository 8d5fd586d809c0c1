/// What a safety checker says of a picture.
public struct SafetyVerdict: Sendable, Equatable {
    /// How far the picture is above each concept's threshold, to three decimals; above 0 it shows the concept.
    public let conceptScores: [Float]
    /// The same of concepts that do not flag a picture, but make the others count more.
    public let specialCareScores: [Float]

    /// The concepts that the picture shows, by their places in the checkpoint.
    public var concepts: [Int] { conceptScores.indices.filter { conceptScores[$0] > 0 } }
    /// The concepts of special care that the picture shows.
    public var specialCare: [Int] { specialCareScores.indices.filter { specialCareScores[$0] > 0 } }
    /// Whether the picture is not to be shown.
    public var isFlagged: Bool { !concepts.isEmpty }

    /// As diffusers' `StableDiffusionSafetyChecker.forward` decides, in single precision like it: once a picture shows a concept
    /// of special care, all that are looked at afterwards count 0.01 more.
    /// - Parameters: cosines less their thresholds, all finite.
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
