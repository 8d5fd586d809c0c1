import Foundation
public import Imaging

extension ComparisonReport {
    /// Two pictures of one prompt.
    public struct PicturePair: Sendable {
        public var caption: String
        public var baseline: RGBImage
        public var candidate: RGBImage

        public init(caption: String, baseline: RGBImage, candidate: RGBImage) {
            self.caption = caption
            self.baseline = baseline
            self.candidate = candidate
        }
    }

    /// A page that stands alone: pictures are in it, and it refers to nothing outside.
    /// - Throws: `ImageError.cannotEncode`.
    public func html(title: String, pictures: [PicturePair] = []) throws(ImageError) -> String {
        var body = "<h1>\(escaped(title))</h1>\n"
        if !sizes.isEmpty {
            body += table(
                ["Model size", "\(baseline) (MB)", "\(candidate) (MB)", "Compression rate"],
                sizes.map {
                    [
                        $0.component, number(Double($0.baselineBytes) / 1e6, 2), number(Double($0.candidateBytes) / 1e6, 2),
                        number($0.compressionRate, 3),
                    ]
                })
        }
        if !latencies.isEmpty {
            body += table(
                ["Median latency", "\(baseline) (s)", "\(candidate) (s)", "Speed-up"],
                latencies.map {
                    [$0.name, number($0.baselineSeconds, 3), number($0.candidateSeconds, 3), number($0.speedUp, 3)]
                })
        }
        if !quality.isEmpty {
            body += table(
                ["Quality", "Mean", "± Standard deviation", "Values", "Not finite", "Worst", "Prompt of the worst"],
                quality.map {
                    [
                        $0.measure, number($0.mean, 4), number($0.standardDeviation, 4), "\($0.count)", "\($0.notFiniteCount)",
                        number($0.worst, 4), $0.worstPrompt ?? "–",
                    ]
                })
        }
        if let frechetInceptionDistance {
            body += table(["Between the sets of pictures", "Value"], [["FID", number(frechetInceptionDistance, 4)]])
        }
        if let baselinePeakBytes, let candidatePeakBytes {
            body += table(
                ["Memory", "\(baseline) (MB)", "\(candidate) (MB)"],
                [["Peak", number(Double(baselinePeakBytes) / 1e6, 0), number(Double(candidatePeakBytes) / 1e6, 0)]])
        }
        if !prompts.isEmpty {
            body += table(
                ["Prompt", "Seed", "PSNR (dB)", "SSIM", "Cosine of latents after each step"],
                prompts.map { prompt in
                    [
                        prompt.prompt, "\(prompt.seed)", prompt.psnr == nil ? "∞" : number(prompt.psnr, 2), number(prompt.ssim, 4),
                        prompt.latentCosines.map { number($0, 5) }.joined(separator: " "),
                    ]
                })
        }
        for pair in pictures {
            let images = try inline(pair.baseline, baseline) + inline(pair.candidate, candidate)
            body += "<figure>\(images)<figcaption>\(escaped(pair.caption))</figcaption></figure>\n"
        }
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <title>\(escaped(title))</title>
            <style>
            body { font-family: sans-serif; margin: 2em; }
            table { border-collapse: collapse; margin: 1em 0; }
            th, td { border: 1px solid #bbb; padding: 0.3em 0.8em; text-align: right; }
            th:first-child, td:first-child { text-align: left; }
            figure { margin: 1.5em 0; }
            img { max-width: 48%; margin-right: 1%; }
            </style>
            </head>
            <body>
            \(body)</body>
            </html>

            """
    }

    private func table(_ head: [String], _ rows: [[String]]) -> String {
        let heading = head.map { "<th>\(escaped($0))</th>" }.joined()
        let lines = rows.map { row in "<tr>\(row.map { "<td>\(escaped($0))</td>" }.joined())</tr>\n" }.joined()
        return "<table>\n<tr>\(heading)</tr>\n\(lines)</table>\n"
    }

    private func inline(_ picture: RGBImage, _ name: String) throws(ImageError) -> String {
        let data = Data(try picture.encoded()).base64EncodedString()
        return "<img alt=\"\(escaped(name))\" src=\"data:image/png;base64,\(data)\">"
    }

    private func number(_ value: Double?, _ digits: Int) -> String {
        guard let value, value.isFinite else { return "–" }
        return String(format: "%.\(digits)f", value)
    }

    /// Text as it may stand in an element or between double quotes.
    private func escaped(_ text: String) -> String {
        // By scalars: a sign with a combining mark is another character, and a browser still sees the sign.
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;".unicodeScalars
            case "<": result += "&lt;".unicodeScalars
            case ">": result += "&gt;".unicodeScalars
            case "\"": result += "&quot;".unicodeScalars
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
