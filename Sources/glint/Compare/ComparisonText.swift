import Evaluation
import Foundation
import Workflows

extension ComparisonReport {
    /// Tables of size, latency and quality, as in articles on quantized diffusion models.
    var text: String {
        var size = TextTable(columns: ["size of weights", "\(baseline) (MB)", "\(candidate) (MB)", "compression rate"])
        for entry in sizes {
            size.add([
                entry.component, megabytes(entry.baselineBytes), megabytes(entry.candidateBytes),
                number(entry.compressionRate, 3),
            ])
        }
        var latency = TextTable(columns: ["median latency", baseline, candidate, "speed-up"])
        for entry in latencies {
            latency.add([
                entry.name, format(seconds: entry.baselineSeconds), format(seconds: entry.candidateSeconds),
                number(entry.speedUp, 3),
            ])
        }
        if let baselinePeakBytes, let candidatePeakBytes {
            latency.add(["peak memory", format(bytes: baselinePeakBytes), format(bytes: candidatePeakBytes), ""])
        }
        let tables = [size.text, latency.text, qualityText].joined(separator: "\n\n")
        // Cells of the last columns may be empty.
        return tables.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            String(line.reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }

    private var qualityText: String {
        var table = TextTable(columns: ["quality", "mean", "± deviation", "left out", "worst"])
        // The prompts come last without alignment, since they can be long.
        var prompts = ["of the prompt"]
        for entry in quality {
            let isEqual = entry.count == 0 && entry.equalCount > 0
            table.add([
                entry.measure, isEqual ? "equal" : figure(entry.mean), figure(entry.standardDeviation, like: entry.mean),
                entry.leftOut,
                figure(entry.worst, like: entry.mean),
            ])
            prompts.append(entry.worstPrompt ?? "")
        }
        if let frechetInceptionDistance {
            table.add(["FID", figure(frechetInceptionDistance), "", "", ""])
            prompts.append("")
        }
        return zip(table.text.split(separator: "\n"), prompts).map { $1.isEmpty ? "\($0)" : "\($0)  \($1)" }.joined(
            separator: "\n")
    }

    private func megabytes(_ bytes: Int) -> String { String(format: "%.2f", Double(bytes) / 1e6) }

    private func number(_ value: Double?, _ digits: Int) -> String {
        value.map { String(format: "%.\(digits)f", $0) } ?? "–"
    }
}
