import Audio
import Foundation
import Inference
import TensorStore

/// Silero's network for voice activity: probabilities of speech, one for each 512 samples.
///
/// The network comes with the library (see Resources/silero-vad.LICENSE.txt). It hears 64 samples before each window, and has a
/// state that is handed on. The sequence form takes many windows a run: a minute of sound in 0.1 s on one core, where the form of
/// one window a run takes 2 s.
///
/// Not `Sendable`: one task at a time uses it.
final class SpeechProbabilities {
    private let network: Executable

    /// Samples of a window.
    static let window = 512
    private static let context = 64
    private static let stateWidth = 128
    /// Windows of a run: 33 s.
    private static let block = 1024

    /// - Throws: `OpenVINOError`.
    init(threads: Int? = nil) throws {
        let name = "silero_vad_16k_sequence.onnx"
        guard let url = Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Resources") else {
            throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: "Resources/\(name)"])
        }
        network = try Executable("voice activity", file: url.path, CompileOptions(threads: threads))
    }

    /// - Returns: 0…1 for each window of the recording. The last one is filled up with silence; sound of whole windows is followed
    ///   by one of silence, as in faster-whisper.
    /// - Throws: `AudioError.cannotRead`; `CancellationError`; `OpenVINOError`.
    func probabilities(_ recording: Recording) async throws -> [Float] {
        guard recording.count > 0 else { return [] }
        let count = recording.count / Self.window + 1
        var (hidden, cell) = (try Tensor(zeros: [1, 1, Self.stateWidth]), try Tensor(zeros: [1, 1, Self.stateWidth]))
        var result: [Float] = []
        for first in stride(from: 0, to: count, by: Self.block) {
            try Task.checkCancellation()
            let windows = first..<min(first + Self.block, count)
            let outputs = try await network.run(["input": input(recording, windows), "h": hidden, "c": cell])
            result += try outputs.required("speech_probs", of: network.name).elements()
            hidden = try outputs.required("hn", of: network.name)
            cell = try outputs.required("cn", of: network.name)
        }
        return result
    }

    /// Windows with the samples before them: `[windows, 576]`.
    private func input(_ recording: Recording, _ windows: Range<Int>) throws -> Tensor {
        let range = windows.lowerBound * Self.window - Self.context..<windows.upperBound * Self.window
        let known = range.clamped(to: 0..<recording.count)
        let silenceBefore = [Float](repeating: 0, count: known.lowerBound - range.lowerBound)
        let silenceAfter = [Float](repeating: 0, count: range.upperBound - known.upperBound)
        let samples = silenceBefore + (try recording.samples(known)) + silenceAfter
        let rows = (0..<windows.count).flatMap { window -> ArraySlice<Float> in
            let start = window * Self.window
            return samples[start..<start + Self.window + Self.context]
        }
        return try Tensor(rows, shape: [windows.count, Self.window + Self.context])
    }
}
