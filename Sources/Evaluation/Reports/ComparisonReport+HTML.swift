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

    /// A self-contained page: it includes the pictures, and links to nothing.
    /// - Throws: `ImageError.cannotEncode`.
    public func html(title: String, pictures: [PicturePair] = []) throws(ImageError) -> String {
        var body = ""
        if !sizes.isEmpty {
            body += HTMLPage.table(
                ["Size of weights", "\(baseline) (MB)", "\(candidate) (MB)", "Compression rate"],
                sizes.map {
                    [
                        $0.component, number(Double($0.baselineBytes) / 1e6, 2), number(Double($0.candidateBytes) / 1e6, 2),
                        number($0.compressionRate, 3),
                    ]
                })
        }
        if !latencies.isEmpty {
            body += HTMLPage.table(
                ["Median latency", "\(baseline) (s)", "\(candidate) (s)", "Speed-up"],
                latencies.map {
                    [$0.name, number($0.baselineSeconds, 3), number($0.candidateSeconds, 3), number($0.speedUp, 3)]
                })
        }
        if !quality.isEmpty {
            body += HTMLPage.table(
                ["Quality", "Mean", "± Standard deviation", "Values", "Left out", "Worst", "Of the prompt"],
                quality.map {
                    [
                        $0.measure, $0.count == 0 && $0.equalCount > 0 ? "equal" : figure($0.mean),
                        figure($0.standardDeviation, like: $0.mean), "\($0.count)", $0.leftOut, figure($0.worst, like: $0.mean),
                        $0.worstPrompt ?? "–",
                    ]
                }, texts: [0, 6])
        }
        if let frechetInceptionDistance {
            body += HTMLPage.table(["Between the sets of pictures", "Value"], [["FID", figure(frechetInceptionDistance)]])
        }
        if let baselinePeakBytes, let candidatePeakBytes {
            body += HTMLPage.table(
                ["Memory", "\(baseline) (MB)", "\(candidate) (MB)"],
                [["Peak", number(Double(baselinePeakBytes) / 1e6, 0), number(Double(candidatePeakBytes) / 1e6, 0)]])
        }
        body += promptTable
        for pair in pictures {
            let images = try inline(pair.baseline, baseline) + inline(pair.candidate, candidate)
            body += "<figure>\(images)<figcaption>\(HTMLPage.escaped(pair.caption))</figcaption></figure>\n"
        }
        let style = """
            figure { margin: 1.5em 0; }
            img { max-width: 48%; margin-right: 1%; }
            """
        return HTMLPage.text(title: title, style: style, body: body)
    }

    /// The measures of each prompt's pictures, without columns for absent measures.
    private var promptTable: String {
        guard !prompts.isEmpty else { return "" }
        var columns: [(head: String, cell: (PromptResult) -> String)] = [
            ("Prompt", { $0.prompt }), ("Seed", { "\($0.seed)" }),
            ("PSNR (dB)", { $0.psnr == nil ? "equal" : number($0.psnr, 2) }), ("SSIM", { number($0.ssim, 4) }),
        ]
        if prompts.contains(where: { $0.perceptualDistance != nil }) {
            columns.append(("LPIPS", { number($0.perceptualDistance, 4) }))
        }
        if prompts.contains(where: { $0.baselineCLIPScore != nil }) {
            columns.append(("CLIP score, \(baseline)", { number($0.baselineCLIPScore, 2) }))
            columns.append(("CLIP score, \(candidate)", { number($0.candidateCLIPScore, 2) }))
        }
        columns.append(
            ("Cosine of latents after each step", { $0.latentCosines.map { number($0, 5) }.joined(separator: " ") }))
        return HTMLPage.table(columns.map(\.head), prompts.map { prompt in columns.map { $0.cell(prompt) } })
    }

    private func inline(_ picture: RGBImage, _ name: String) throws(ImageError) -> String {
        let data = Data(try picture.encoded()).base64EncodedString()
        return "<img alt=\"\(HTMLPage.escaped(name))\" src=\"data:image/png;base64,\(data)\">"
    }

    private func number(_ value: Double?, _ digits: Int) -> String {
        guard let value, value.isFinite else { return "–" }
        return String(format: "%.\(digits)f", value)
    }
}
