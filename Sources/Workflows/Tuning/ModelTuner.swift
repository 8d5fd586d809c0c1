import Diffusion
import Evaluation
public import Foundation
import Inference
import ModelLoading
import OpenVINO

/// Finds the fastest settings of this machine for a model of pictures, by drawing with each.
public struct ModelTuner: Sendable {
    /// A setting that was measured.
    public struct Trial: Encodable, Sendable {
        public let settings: TunedSettings
        /// The median time of a picture, networks loaded.
        public let seconds: Double
        /// Its time to that of the best setting before it, in turns: the median and the most; nil for the first.
        public let ratio: Double?
        public let worstRatio: Double?
        /// The least PSNR of its pictures to those of f32, in dB; nil for f32 itself.
        public let decibels: Double?
        /// Whether it is chosen.
        public internal(set) var isBest = false

        enum CodingKeys: String, CodingKey {
            case settings, seconds, ratio, decibels
            case worstRatio = "worst_ratio"
            case isBest = "is_best"
        }
    }

    public struct Report: Encodable, Sendable {
        public let model: String
        public let trials: [Trial]
        public let best: TunedSettings
        /// The time of the fastest to that of the usual settings: the product of the ratios on the way to it.
        public let ratio: Double
    }

    /// Pictures in 16 bits must be as near to those of f32 as `Precision`'s table asks for; see docs/precision.md.
    public static let decibelLimit = 45.0
    /// A setting must gain this share, and be faster in every turn: less is the noise of a machine.
    public static let gainLimit = 0.03

    private let folder: URL
    private let request: GenerationRequest
    private let repeats: Int

    /// - Parameters:
    ///   - request: one picture, whose seed counts from 0 in the turns.
    ///   - repeats: turns of two settings, after a picture that is not counted.
    public init(_ folder: URL, _ request: GenerationRequest, repeats: Int) {
        self.folder = folder
        self.request = request
        self.repeats = max(repeats, 1)
    }

    /// Numbers of threads to try on a machine: all, and fewer where cores share units or time.
    /// - Parameter limit: the control group's, in cores.
    static func threadCounts(cores: Int, limit: Double?) -> [Int] {
        let counts = [cores, cores / 2, limit.map { Int($0.rounded(.up)) } ?? cores, limit.map { Int($0) } ?? cores, cores - 1]
        return Set(counts.filter { (1...max(cores, 1)).contains($0) }).sorted(by: >)
    }

    /// Draws with all settings: threads first, then streams, then precisions. Each takes turns with the best one before it.
    /// - Parameter progress: called before each setting.
    /// - Throws: as `LatentDiffusionPipeline.generate`.
    public func tune(progress: (TunedSettings) -> Void = { _ in }) async throws -> Report {
        let state = MachineState(root: "")
        progress(TunedSettings())
        var best = try await Side(self, TunedSettings())
        let reference = best.pictures
        var trials: [Trial] = []
        var (chosen, ratio) = (0, 1.0)
        func consider(_ settings: TunedSettings) async throws {
            progress(settings)
            var side = try await Side(self, settings)
            var ratios: [Double] = []
            for turn in 0..<repeats {
                // Every other turn begins with the new one.
                if turn % 2 == 0 { try await best.draw(turn) }
                try await side.draw(turn)
                if turn % 2 == 1 { try await best.draw(turn) }
                ratios.append(side.seconds[side.seconds.count - 1] / best.seconds[best.seconds.count - 1])
            }
            let decibels =
                settings.precision == .f32 ? nil : try zip(reference, side.pictures).map { try PSNR.between($0, $1) }.min()
            if trials.isEmpty {
                trials.append(
                    Trial(settings: best.settings, seconds: median(best.seconds), ratio: nil, worstRatio: nil, decibels: nil))
            }
            let (middle, worst) = (median(ratios), ratios.max() ?? 1)
            trials.append(
                Trial(settings: settings, seconds: median(side.seconds), ratio: middle, worstRatio: worst, decibels: decibels))
            let isNear = decibels.map { $0 >= Self.decibelLimit } ?? true
            guard isNear, middle < 1 - Self.gainLimit, worst < 1 else { return }
            (best, chosen, ratio) = (side, trials.count - 1, ratio * middle)
        }
        // The device's own choice of threads, one a core, is the first.
        for count in Self.threadCounts(cores: state.usableCores, limit: state.coreLimit) where count < state.usableCores {
            try await consider(TunedSettings(threads: count))
        }
        if state.usableCores >= 4 { try await consider(TunedSettings(threads: best.settings.threads, streams: 2)) }
        for precision in [CompileOptions.Precision.bf16, .f16] where precision.isAvailable(on: .cpu) {
            var settings = best.settings
            settings.precision = precision
            try await consider(settings)
        }
        if trials.isEmpty {
            try await best.draw(0)
            trials.append(
                Trial(settings: best.settings, seconds: median(best.seconds), ratio: nil, worstRatio: nil, decibels: nil))
        }
        trials[chosen].isBest = true
        return Report(model: folder.path, trials: trials, best: best.settings, ratio: ratio)
    }

    /// A setting with its networks, which stay loaded.
    private struct Side {
        let settings: TunedSettings
        private(set) var pictures: [RGBImage] = []
        private(set) var seconds: [Double] = []
        private let pipeline: LatentDiffusionPipeline
        private let request: GenerationRequest

        /// Draws a first picture, which compiles the networks.
        init(_ tuner: ModelTuner, _ settings: TunedSettings) async throws {
            self.settings = settings
            request = tuner.request
            let options = settings.applied(to: CompileOptions(), keepsThreads: false, keepsPrecision: false)
            pipeline = LatentDiffusionPipeline(
                try LatentDiffusionModel(ModelSource(tuner.folder)), compile: options, memory: .resident)
            pictures = try await pipeline.generate(request).pictures.map(\.image)
        }

        mutating func draw(_ turn: Int) async throws {
            var request = request
            request.seed = UInt64(turn)
            seconds.append(try await pipeline.generate(request).timings.total.seconds)
        }
    }
}
