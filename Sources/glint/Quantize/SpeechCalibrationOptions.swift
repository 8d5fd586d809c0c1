public import ArgumentParser
import Audio
import Speech
import Tokenizers
public import Workflows

/// The recordings of calibration, for speech models.
struct SpeechCalibrationOptions: ParsableArguments {
    @Option(
        name: .customLong("recording"),
        help: ArgumentHelp(
            "Speech to calibrate on, several minutes by several speakers; not what accuracy is measured on. Repeatable.",
            valueName: "file")) var recordings: [String] = []
    @Option(help: "The language of the recordings. (default: detected in each)") var language: String?
    @Option(
        help: ArgumentHelp(
            "The encoder: int8 (weights and activations), weights (INT8 weights alone) or float. (default: int8; weights on processors "
                + "without VNNI, where products in INT8 are slower)"))
    var encoder: SpeechQuantizationOptions.Precision?
    @Option(help: "The decoder: weights (INT8 weights alone), int8 (activations too) or float.")
    var decoder = SpeechQuantizationOptions.Precision.weights

    /// Calibration needs no more.
    private static let longestHours = 2.0

    func calibration() throws -> WhisperCalibration {
        var request = WhisperPipeline.Request()
        if let language {
            guard let known = WhisperLanguage(language) else { throw SpeechError.language(language) }
            request.language = known
        }
        let sounds = try recordings.map { try Recording(AudioReader(path: $0), limit: Self.longestHours * 3600) }
        return WhisperCalibration(sounds, request)
    }

    /// - Throws: `ValidationError` where an option was given for a model of pictures.
    func refuse() throws {
        if !recordings.isEmpty {
            throw ValidationError("--recording is for speech models; prompts calibrate models of pictures.")
        }
        if language != nil { throw ValidationError("--language is for speech models.") }
    }
}

extension SpeechQuantizationOptions.Precision: ExpressibleByArgument {}
