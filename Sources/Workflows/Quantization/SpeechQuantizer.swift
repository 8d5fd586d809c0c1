public import Foundation
public import Inference
import ModelGraph
public import ModelLoading
import Quantization
public import Speech
import TensorStore

/// Quantizes the networks of a Whisper model, and writes a folder that `SpeechModel` reads.
public struct SpeechQuantizer {
    private let model: SpeechModel
    private let calibration: WhisperCalibration
    private let options: SpeechQuantizationOptions
    private let compile: CompileOptions
    private let progress: (WorkProgress) -> Void

    /// - Parameter calibration: the recordings; none are needed where nothing is `.int8`.
    public init(
        _ model: SpeechModel, _ calibration: WhisperCalibration, _ options: SpeechQuantizationOptions,
        compile: CompileOptions = CompileOptions(), progress: @escaping (WorkProgress) -> Void = { _ in }
    ) {
        self.model = model
        self.calibration = calibration
        self.options = options
        self.compile = compile.withExactDefault
        self.progress = progress
    }

    /// Writes the folder.
    /// - Parameter target: a folder that does not exist; it appears when it is complete.
    /// - Throws: `ModelError.exists`; `SpeechQuantizationError.noRecordings`; `QuantizationError`, `SpeechError`, `OpenVINOError`,
    ///   `FileError`, `CancellationError`.
    public func quantize(to target: URL) async throws -> QuantizationSummary {
        let start = ContinuousClock.now
        let needsSound = options.encoder == .int8 || options.decoder == .int8
        guard !needsSound || calibration.duration >= 1 else { throw SpeechQuantizationError.noRecordings }
        let folder = try SpeechFolder(target, copying: model)
        var networks: [QuantizationSummary.Network] = []
        let kinds = [(WhisperCalibration.Network.encoder, options.encoder), (.decoder, options.decoder)]
        for (network, precision) in kinds {
            let original = try network == .encoder ? model.encoder.exportedEncoder() : model.decoder.exportedDecoder()
            let (graph, report) = try await quantized(original, network, precision)
            progress(.phase("writing the \(network.rawValue)", count: 1))
            switch network {
            case .encoder: try folder.write(encoder: graph)
            case .decoder: try folder.write(decoder: graph)
            }
            if let report { try folder.write(report.reportJSON(), to: "\(network.rawValue)/quantization_report.json") }
            networks.append(
                .init(network.rawValue, before: GraphWeights(original).bytes, after: GraphWeights(graph).bytes, report))
        }
        try folder.finish()
        return QuantizationSummary(output: target, networks, seconds: (ContinuousClock.now - start).seconds)
    }

    private func quantized(
        _ graph: Graph, _ network: WhisperCalibration.Network, _ precision: SpeechQuantizationOptions.Precision
    ) async throws -> (Graph, QuantizationReport?) {
        switch precision {
        case .float: return (graph, nil)
        case .weights:
            let compressed = try WeightCompression(options.weights).apply(to: graph)
            return (compressed.graph, QuantizationReport(compressed.report))
        case .int8:
            let seconds = Int(calibration.duration.rounded())
            let (model, calibration, compile, progress) = (model, calibration, compile, progress)
            let quantization = try PostTrainingQuantization(graph, options.postTraining(network, graph))
            let calibrated = try await quantization.calibrated { graph, record in
                progress(.phase("calibrating the \(network.rawValue)", count: max(seconds, 1)))
                var shown = 0
                try await calibration.run(model, network, graph, compile: compile, record: record) { done in
                    while shown < Int(done) {
                        progress(.step)
                        shown += 1
                    }
                }
            }
            let (quantized, report) = try calibrated.quantized()
            // What stays in floating point, such as the table of tokens, which also makes the logits, is stored in 8 bits.
            guard network == .decoder else { return (quantized, report) }
            return (try WeightCompression(options.weights).apply(to: quantized).graph, report)
        }
    }
}

/// A quantization that can't be done.
public enum SpeechQuantizationError: Error, Equatable, CustomStringConvertible {
    case noRecordings

    public var description: String {
        switch self {
        case .noRecordings:
            "INT8 is calibrated on speech, and less than a second was given: give recordings with --recording (a few minutes of "
                + "several speakers), or compress the weights alone with --weights-only int8."
        }
    }
}
