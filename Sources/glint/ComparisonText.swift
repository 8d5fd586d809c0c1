import Evaluation
import Foundation

extension ComparisonReport {
    /// Tables of size, latency and accuracy, as the articles on quantized diffusion have them.
    var text: String {
        var size = TextTable(columns: ["model size", "\(baseline) (MB)", "\(candidate) (MB)", "compression rate"])
        for entry in sizes {
            size.add([entry.component, megabytes(entry.baselineBytes), megabytes(entry.candidateBytes), number(entry.compressionRate, 3)])
        }
        var latency = TextTable(columns: ["median latency", baseline, candidate, "speed-up"])
        for entry in latencies {
            latency.add([
                entry.name, format(seconds: entry.baselineSeconds), format(seconds: entry.candidateSeconds), number(entry.speedUp, 3),
            ])
        }
        if let baselinePeakBytes, let candidatePeakBytes {
            latency.add(["peak memory", format(bytes: baselinePeakBytes), format(bytes: candidatePeakBytes), ""])
        }
        var accuracy = TextTable(columns: ["accuracy", "mean", "± deviation", "worst", "of the prompt"])
        for entry in quality {
            let equal = entry.count == 0 && entry.measure.hasPrefix("PSNR")
            accuracy.add([
                entry.measure, equal ? "equal" : number(entry.mean, 4), number(entry.standardDeviation, 4), number(entry.worst, 4),
                entry.worstPrompt ?? "",
            ])
        }
        if let frechetInceptionDistance { accuracy.add(["FID", number(frechetInceptionDistance, 4), "", "", ""]) }
        return [size, latency, accuracy].map(\.text).joined(separator: "\n\n")
    }

    private func megabytes(_ bytes: Int) -> String { String(format: "%.2f", Double(bytes) / 1e6) }

    private func number(_ value: Double?, _ digits: Int) -> String {
        value.map { String(format: "%.\(digits)f", $0) } ?? "–"
    }
}
