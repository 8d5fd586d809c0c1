import Architectures
import Inference
import ModelLoading
import TensorStore

/// Networks that this project builds from a checkpoint, or wrote as IR (`SpeechFolder`).
final class BuiltNetworks: WhisperNetworks {
    let takesAllSizes = true
    private let config: WhisperConfig
    private let encoder: Executable
    private let decoder: Executable
    private let makeAligner: () throws -> Executable
    /// The decoder of whole texts with the scores of alignment heads; made when times of words are asked for.
    private var aligner: Executable?
    private let observe: WhisperCalibration.Observer?

    /// - Parameter observe: receives the outputs of both networks' runs.
    init(_ model: SpeechModel, _ options: CompileOptions, observe: WhisperCalibration.Observer? = nil) throws {
        config = model.decoder.architecture.config
        self.observe = observe
        // One network each for all numbers of windows, and all lengths of sound.
        let networks = [
            (name: "decoder", graph: try model.decoder.decoder(.init(windows: .any))),
            (name: "encoder", graph: try model.encoder.encoder(windows: .any, positions: .any)),
        ]
        let compiled = try Executable.compile(networks, options)
        (decoder, encoder) = (compiled[0], compiled[1])
        makeAligner = {
            try Executable(
                "alignment", model.decoder.decoder(.init(cacheLength: nil), alignmentHeads: model.alignmentHeads), options)
        }
    }

    func encode(_ features: Tensor) async throws -> [String: Tensor] {
        let sound = try await encoder.run(["input_features": features])
        try observe?(.encoder, sound)
        return sound
    }

    func tokens(over sound: [String: Tensor], windows: Int) throws -> any TokenSource {
        WhisperTokenSource(decoder, aligner: madeAligner, config, sound: sound, windows: windows, observe: observe)
    }

    private func madeAligner() throws -> Executable {
        if let aligner { return aligner }
        let made = try makeAligner()
        aligner = made
        return made
    }
}
