import Foundation

extension WordErrorReport {
    /// The figures of the variants side by side, for a table: the names, and a row a measure.
    public var table: (head: [String], rows: [[String]]) {
        func row(_ title: String, _ cell: (Variant) -> String) -> [String] { [title] + variants.map(cell) }
        return (
            [""] + variants.map(\.name),
            [
                row("WER over all words (%)") { number($0.werPercent, 2) },
                row("substitutions") { "\($0.substitutions)" }, row("deletions") { "\($0.deletions)" },
                row("insertions") { "\($0.insertions)" },
                row("WER averaged over samples (%)") { number($0.meanSampleWERPercent, 2) },
                row("accuracy = 100 − that") { number($0.accuracyPercent, 2) },
                row("CER (%)") { number($0.cerPercent, 2) },
                row("transcription (s)") { number($0.transcriptionSeconds, 2) },
                row("real-time factor") { number($0.realTimeFactor, 4) },
                row("loading (s)") { number($0.loadSeconds, 2) },
            ]
        )
    }

    /// The set, and the differences between the variants, in a line each.
    public var sentences: [String] {
        let minutes = String(format: "%d:%04.1f", Int(audioSeconds) / 60, audioSeconds.truncatingRemainder(dividingBy: 60))
        let wordless = wordlessSampleCount == 0 ? "" : " (\(wordlessSampleCount) without words)"
        let left = failures.isEmpty ? "" : ", \(failures.count) left out"
        let set =
            "\(sampleCount) samples\(wordless)\(left), \(wordCount) words, \(minutes) of sound; normalizer \(normalizer.rawValue)"
        return [set]
            + variants.compactMap { variant in
                variant.difference.map { difference -> String in
                    let figures = String(
                        format: "%+.2f points of WER (95 %% interval %+.2f to %+.2f, paired bootstrap)", difference.werPoints,
                        difference.lowerPoints, difference.upperPoints)
                    return "\(variant.name) − \(difference.baseline): \(figures)"
                }
            }
    }

    private func number(_ value: Double?, _ digits: Int) -> String {
        guard let value, value.isFinite else { return "–" }
        return String(format: "%.\(digits)f", value)
    }
}
