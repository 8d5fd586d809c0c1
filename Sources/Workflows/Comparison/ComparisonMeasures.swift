import Evaluation
import Foundation
import Imaging
import TensorStore

/// Measures the differences between the results of a comparison's two sides.
struct ComparisonMeasures {
    let baseline: ComparisonJob
    let candidate: ComparisonJob

    /// - Throws: `EvaluationError` where pictures of the two sides differ in size; errors of the metrics.
    func prompts(
        _ metrics: Comparison.Metrics
    ) async throws -> [ComparisonReport.PromptResult] {
        var results: [ComparisonReport.PromptResult] = []
        for index in baseline.prompts.indices {
            try Task.checkCancellation()
            let (a, b) = try pictures(index)
            let psnr = try PSNR.between(a, b)
            // SSIM needs pictures at least as large as its window.
            let ssim = min(a.width, a.height) < SSIM.windowSize ? nil : try SSIM.between(a, b)
            var result = ComparisonReport.PromptResult(
                prompt: baseline.prompts[index], seed: baseline.seed &+ UInt64(index), psnr: psnr.isFinite ? psnr : nil,
                ssim: ssim, latentCosines: try cosines(index))
            if let distance = metrics.perceptualDistance { result.perceptualDistance = try await distance.between(a, b) }
            if let score = metrics.clipScore {
                let scores = try await score.scores(result.prompt, a, b)
                (result.baselineCLIPScore, result.candidateCLIPScore) = (scores[0], scores[1])
            }
            results.append(result)
        }
        return results
    }

    func pictures(_ index: Int) throws -> (RGBImage, RGBImage) {
        (try ImageFile(path: baseline.picturePath(index)).image, try ImageFile(path: candidate.picturePath(index)).image)
    }

    private func cosines(_ index: Int) throws -> [Double?] {
        let (a, b) = (
            try SafetensorsCheckpoint(path: baseline.latentsPath(index)),
            try SafetensorsCheckpoint(path: candidate.latentsPath(index))
        )
        return try (0..<baseline.steps).map { step in
            let cosine = try cosineSimilarity(a.tensor(named: "step.\(step)"), b.tensor(named: "step.\(step)"))
            return cosine.isFinite ? cosine : nil
        }
    }

    /// Each measure over all prompts.
    /// - Parameters:
    ///   - names: the names of the two sides.
    ///   - perceptual: the name of the perceptual distance in tables, if it was measured.
    static func quality(
        _ results: [ComparisonReport.PromptResult], names: [String], perceptual: String?
    ) -> [ComparisonReport.Quality] {
        let prompts = results.map(\.prompt)
        var quality = [
            ComparisonReport.Quality(measure: "PSNR (dB)", values: results.map { $0.psnr ?? .infinity }, prompts: prompts)
        ]
        func add(_ measure: String, higherIsBetter: Bool = true, _ value: (ComparisonReport.PromptResult) -> Double?) {
            let values = results.map { value($0) ?? .nan }
            quality.append(.init(measure: measure, values: values, prompts: prompts, higherIsBetter: higherIsBetter))
        }
        if results.contains(where: { $0.ssim != nil }) { add("SSIM", \.ssim) }
        if let perceptual { add(perceptual, higherIsBetter: false, \.perceptualDistance) }
        if results.contains(where: { $0.baselineCLIPScore != nil || $0.candidateCLIPScore != nil }) {
            add("CLIP score, \(names[0])", \.baselineCLIPScore)
            add("CLIP score, \(names[1])", \.candidateCLIPScore)
        }
        for step in 0..<(results.map(\.latentCosines.count).min() ?? 0) {
            add("cosine of latents, step \(step + 1)") { $0.latentCosines[step] }
        }
        return quality
    }

    /// Medians of every network that ran on both sides, and of a whole picture.
    static func latencies(_ a: ComparisonFigures, _ b: ComparisonFigures) -> [ComparisonReport.Latency] {
        var latencies: [ComparisonReport.Latency] = []
        for name in a.networks {
            guard let first = a.runSeconds[name], let second = b.runSeconds[name], !first.isEmpty, !second.isEmpty else {
                continue
            }
            latencies.append(.init(name: name, baselineSeconds: median(first), candidateSeconds: median(second)))
        }
        guard !a.pictureSeconds.isEmpty, !b.pictureSeconds.isEmpty else { return latencies }
        return latencies + [
            .init(name: "picture", baselineSeconds: median(a.pictureSeconds), candidateSeconds: median(b.pictureSeconds))
        ]
    }
}
