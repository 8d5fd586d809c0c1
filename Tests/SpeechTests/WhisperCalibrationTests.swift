import Audio
import Inference
import ModelLoading
import Testing

@testable import Speech

@Suite struct WhisperCalibrationTests {
    /// The chosen network runs as it does in transcription, and its outputs alone are recorded.
    @Test(arguments: [WhisperCalibration.Network.encoder, .decoder])
    func outputsOfTheNetworkAreRecorded(_ network: WhisperCalibration.Network) async throws {
        let model = try WhisperPipelineTests.model()
        var random = SplitMix(seed: 3)
        let recordings = [20_000, 40_000].map { count in
            Recording((0..<count).map { _ in Float.random(in: -0.5...0.5, using: &random) })
        }
        let calibration = WhisperCalibration(recordings)
        #expect(abs(calibration.duration - 3.75) < 1e-9)
        let graph = try network == .encoder ? model.encoder.exportedEncoder() : model.decoder.exportedDecoder()
        var (runs, done): ([Set<String>], Double) = ([], 0)
        try await calibration.run(model, network, graph, compile: .init()) { outputs in
            runs.append(Set(outputs.keys))
        } progress: {
            done = $0
        }
        #expect(abs(done - 3.75) < 0.02)
        // A window of each recording at least, and several tokens of each.
        #expect(runs.count >= (network == .encoder ? 2 : 4))
        let name = network == .encoder ? "last_hidden_state" : "logits"
        #expect(runs.allSatisfy { $0.contains(name) })
    }
}
