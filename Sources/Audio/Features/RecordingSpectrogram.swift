public import TensorStore

/// The log-mel spectrogram of a recording of any length, whose windows are computed as they are asked for. All are normalized by
/// the largest value of the whole, which a first pass over the sound finds. They equal those of OpenAI's `log_mel_spectrogram` with
/// 30 s of padding, and faster-whisper's; the frames of the padding are left out.
public struct RecordingSpectrogram: Sendable {
    /// Frames of 10 ms.
    public let frames: Int
    private let spectrogram: LogMelSpectrogram
    private let recording: Recording
    private let largest: Float

    /// - Throws: `AudioError.cannotRead`; `CancellationError`.
    public init(_ spectrogram: LogMelSpectrogram, _ recording: Recording) throws {
        self.spectrogram = spectrogram
        self.recording = recording
        frames = recording.count / LogMelSpectrogram.hop
        var largest = -Float.infinity
        for start in stride(from: 0, to: frames, by: LogMelSpectrogram.windowFrames) {
            try Task.checkCancellation()
            let range = start..<min(start + LogMelSpectrogram.windowFrames, frames)
            largest = try max(largest, spectrogram.logarithms(of: recording, range, rowLength: range.count).max() ?? largest)
        }
        self.largest = largest
    }

    /// The features of one window: `[bins, length]` f32. Frames after the range are 0 (OpenAI's `pad_or_trim`), which is not what
    /// silence has.
    /// - Parameters:
    ///   - range: frames of the recording, `length` at most.
    ///   - length: the frames of the result.
    /// - Throws: `AudioError.cannotRead`.
    public func window(_ range: Range<Int>, length: Int = LogMelSpectrogram.windowFrames) throws -> Tensor {
        let range = range.clamped(to: 0..<frames).prefix(length)
        var rows = try spectrogram.logarithms(of: recording, range, rowLength: length)
        for bin in 0..<spectrogram.bins {
            for index in bin * length..<bin * length + range.count {
                rows[index] = LogMelSpectrogram.normalized(rows[index], largest: largest)
            }
        }
        return try Tensor(rows, shape: [spectrogram.bins, length])
    }
}
