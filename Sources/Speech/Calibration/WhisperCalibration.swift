public import Audio
public import Inference
public import ModelGraph
public import ModelLoading
public import TensorStore

/// Runs a Whisper model over recordings to record the activations of one of its networks: those that it has when it transcribes.
public struct WhisperCalibration: Sendable {
    public enum Network: String, Sendable, CaseIterable {
        case encoder, decoder
    }

    typealias Observer = (Network, [String: Tensor]) throws -> Void

    public var recordings: [Recording]
    /// The language and the task; decoding is greedy, at temperature 0.
    public var request: WhisperPipeline.Request

    /// - Parameter recordings: speech of several speakers. Windows of 30 s matter, not minutes: a dozen of them do.
    public init(_ recordings: [Recording], _ request: WhisperPipeline.Request = .init()) {
        self.recordings = recordings
        self.request = request
        self.request.decoding.beamSize = 1
        self.request.decoding.temperatures = [0]
    }

    /// Seconds of sound.
    public var duration: Double { recordings.reduce(0) { $0 + $1.duration } }

    /// Transcribes all recordings.
    /// - Parameters:
    ///   - graph: the network with added outputs; it replaces the model's own.
    ///   - record: called with the network's outputs after each run.
    ///   - progress: called with the seconds of sound that are done, of all recordings.
    /// - Throws: as `WhisperPipeline`; the errors of `record`.
    public func run(
        _ model: SpeechModel, _ network: Network, _ graph: Graph, compile options: CompileOptions,
        record: @escaping ([String: Tensor]) throws -> Void, progress: (Double) -> Void = { _ in }
    ) async throws {
        var model = model
        switch network {
        case .encoder: model.encoder.origin = .graph(graph)
        case .decoder: model.decoder.origin = .graph(graph)
        }
        let pipeline = try WhisperPipeline(model, options) { found, outputs in if found == network { try record(outputs) } }
        var before = 0.0
        for recording in recordings {
            try await pipeline.transcribe(recording, request, emit: { _ in }, progress: { progress(before + $0) })
            before += recording.duration
        }
    }
}
