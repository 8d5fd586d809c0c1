import Audio
public import Tokenizers

extension WhisperPipeline {
    /// The language, the task, and the way in which sound is cut and decoded.
    public struct Request: Sendable, Hashable {
        /// nil detects it in the first window with any sound.
        public var language: WhisperLanguage?
        public var task = WhisperTokenizer.Task.transcribe
        public var decoding = DecodingOptions()
        /// The parts of each recording that are transcribed; nil for all. Voice activity is not looked for then.
        public var clips: [Clip]?
        /// The way in which speech is told from silence, which is left out; nil transcribes all.
        public var voiceActivity: VoiceActivityOptions?
        /// The windows that are decoded side by side, one at least; nil for one after the other.
        ///
        /// With it, clips and the speech of `voiceActivity`, cut into chunks of 30 s at most, are transcribed independently, as
        /// recordings are in any case: each begins without the text before it, but with the initial prompt. Within a chunk all
        /// rules of decoding are those of a whole recording: timestamps cut segments, a rest is decoded again from the last
        /// timestamp and continues the chunk's text (of speech, one of half a second or more), bad texts are decoded at higher
        /// temperatures, silent windows are skipped. What is written does not depend on the number but for rounding.
        public var batchSize: Int?
        public var audioContext = AudioContext.full

        public init() {}
    }

    /// A part of a recording, in seconds.
    public struct Clip: Sendable, Hashable {
        public var start: Double
        /// nil for the recording's end.
        public var end: Double?

        public init(start: Double, end: Double?) {
            self.start = start
            self.end = end
        }

        /// Frames of 10 ms; none where the clip is after the recording's end.
        func frames(of recording: Recording) -> Range<Int> {
            let count = recording.count / LogMelSpectrogram.hop
            func frame(_ seconds: Double) -> Int { Int((min(max(0, seconds), recording.duration) * 100).rounded()) }
            let first = min(frame(start), count)
            return first..<max(first, min(end.map(frame) ?? count, count))
        }
    }

    /// News of a transcription.
    public enum Event: Sendable {
        /// The language that was detected.
        case language(WhisperLanguage, probability: Double)
        case segment(Segment)
        /// Seconds of the recording that are done.
        case progress(Double)
        /// The recording is transcribed.
        case end
    }
}
