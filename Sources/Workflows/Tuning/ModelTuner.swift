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
        /// The least PSNR of its pictures to those of f32, in dB; nil for f32 itself.
        public let decibels: Double?
        /// Whether it is chosen.
        public internal(set) var isBest = false

        enum CodingKeys: String, CodingKey {
            case settings, seconds, decibels
            case isBest = "is_best"
        }
    }

    public struct Report: Encodable, Sendable {
        public let model: String
        public let trials: [Trial]
        public let best: TunedSettings
        /// The time of the fastest to that of the usual settings.
        public let ratio: Double
    }

    /// Pictures in 16 bits must be as near to those of f32 as `Precision`'s table asks for; see docs/precision.md.
    public static let decibelLimit = 45.0
    /// A setting other than the usual must gain this share: less is the noise of a machine.
    public static let gainLimit = 0.03

    private let folder: URL
    private let request: GenerationRequest
    private let repeats: Int

    /// - Parameters:
    ///   - request: its seeds count from 0.
    ///   - repeats: pictures of a setting, after one that is not counted.
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

    /// Draws with all settings: threads first, then streams, then precisions.
    /// - Parameter progress: called before each setting.
    /// - Throws: as `LatentDiffusionPipeline.generate`.
    public func tune(progress: (TunedSettings) -> Void = { _ in }) async throws -> Report {
        let state = MachineState(root: "")
        var trials: [Trial] = []
        let usual = TunedSettings()
        progress(usual)
        let (reference, seconds) = try await draw(usual)
        trials.append(Trial(settings: usual, seconds: seconds, decibels: nil))
        var best = 0
        func consider(_ settings: TunedSettings) async throws {
            progress(settings)
            let (pictures, seconds) = try await draw(settings)
            let decibels =
                settings.precision == .f32 ? nil : try zip(reference, pictures).map { try PSNR.between($0, $1) }.min()
            trials.append(Trial(settings: settings, seconds: seconds, decibels: decibels))
            let isNear = decibels.map { $0 >= Self.decibelLimit } ?? true
            if isNear, seconds < trials[best].seconds * (1 - Self.gainLimit) { best = trials.count - 1 }
        }
        // The device's own choice of threads is the first trial: one a core.
        for count in Self.threadCounts(cores: state.usableCores, limit: state.coreLimit) where count < state.usableCores {
            try await consider(TunedSettings(threads: count))
        }
        if state.usableCores >= 4 {
            try await consider(TunedSettings(threads: trials[best].settings.threads, streams: 2))
        }
        let fastest = trials[best].settings
        for precision in [CompileOptions.Precision.bf16, .f16] where precision.isAvailable(on: .cpu) {
            var settings = fastest
            settings.precision = precision
            try await consider(settings)
        }
        trials[best].isBest = true
        return Report(
            model: folder.path, trials: trials, best: trials[best].settings, ratio: trials[best].seconds / trials[0].seconds)
    }

    /// Draws with settings.
    /// - Returns: the pictures, and the median of their seconds.
    private func draw(_ settings: TunedSettings) async throws -> ([RGBImage], Double) {
        let options = settings.applied(to: CompileOptions(), keepsThreads: false, keepsPrecision: false)
        let pipeline = LatentDiffusionPipeline(
            try LatentDiffusionModel(ModelSource(folder)), compile: options, memory: .resident)
        var (pictures, seconds): ([RGBImage], [Double]) = ([], [])
        for index in 0...repeats {
            var request = request
            request.seed = UInt64(index)
            let result = try await pipeline.generate(request)
            pictures += result.pictures.map(\.image)
            // The first compiles the networks.
            if index > 0 { seconds.append(result.timings.total.seconds) }
        }
        return (pictures, median(seconds))
    }
}
