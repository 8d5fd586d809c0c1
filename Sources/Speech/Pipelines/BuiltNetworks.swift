import Architectures
import Inference
import ModelGraph
import ModelLoading
import TensorStore

/// Networks that this project builds from a checkpoint, or wrote as IR (`SpeechFolder`).
final class BuiltNetworks: TextNetworks {
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
        let decoderGraph = try model.decoder.decoder(.init(windows: .any))
        let encoderGraph = try model.encoder.encoder(windows: .any, positions: .any)
        let compiled = try Executable.compile([
            ("decoder", decoderGraph, options.forDecoder(decoderGraph.graph)), ("encoder", encoderGraph, options),
        ])
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

    func text(over sound: [String: Tensor]) -> any TextSource { WhisperText(decoder, config, sound: sound) }

    private func madeAligner() throws -> Executable {
        if let aligner { return aligner }
        let made = try makeAligner()
        aligner = made
        return made
    }
}

extension CompileOptions {
    /// Options for a decoder. Weights in 8 bits are multiplied with activations in 8 bits, of which each 32 share a scale:
    /// otherwise they are converted to f32 at every run of more than one token, which takes longer than the products.
    func forDecoder(_ graph: Graph) -> CompileOptions {
        var options = self
        if graph.hasCompressedWeights, isForCPU { options.dynamicQuantizationGroup = 32 }
        return options
    }
}

extension Graph {
    /// Whether weights are stored as integers, to be multiplied by scales.
    fileprivate var hasCompressedWeights: Bool {
        nodes.contains { node in
            node.type == "Convert" && nodes[node.inputs[0].node].constant != nil
                && [.u8, .i8, .u4, .i4].contains(node.inputs[0].elementType)
        }
    }
}
