import Audio
import Tokenizers

/// A part of a recording, whose windows are decoded in turn, and beside those of other chunks.
final class SpeechChunk {
    let sound: RecordingSound
    var windows: WindowSequence
    /// Segments that are decoded, and not yet handed out.
    var segments: [Segment] = []
    /// Whether the recording ends here.
    let isLast: Bool

    init(_ sound: RecordingSound, _ windows: WindowSequence, isLast: Bool) {
        self.sound = sound
        self.windows = windows
        self.isLast = isLast
    }

    var isComplete: Bool { windows.window == nil }
    private var counted = 0

    /// Adds the frames that are done to those of the recording.
    func count() {
        sound.doneFrames += windows.done - counted
        counted = windows.done
    }
}

/// A recording that is being transcribed, or its speech alone.
final class RecordingSound {
    /// The recording's place in the order of all.
    let index: Int
    /// Seconds of the whole recording.
    let duration: Double
    /// The sound that is transcribed.
    let heard: Recording
    let features: RecordingSpectrogram
    /// nil where the whole recording is heard.
    let timeline: ExcerptTimeline?
    /// nil until it is detected.
    var language: WhisperLanguage?
    /// The detected language, until it is told.
    var detected: (language: WhisperLanguage, probability: Double)?
    /// Frames to transcribe.
    var frames = 0
    /// Those of them that are done.
    var doneFrames = 0
    private var toldSeconds = 0.0

    /// Quieter samples are silence: −80 dB of full scale, a few steps of 16 bits.
    static let leastAmplitude: Float = 1e-4

    init(_ index: Int, duration: Double, _ heard: Recording, _ spectrogram: LogMelSpectrogram, _ timeline: ExcerptTimeline?)
        throws
    {
        self.index = index
        self.duration = duration
        self.heard = heard
        features = try RecordingSpectrogram(spectrogram, heard)
        self.timeline = timeline
    }

    /// Whether frames have no sound at all; of a window without any the model would write words that it has seen often.
    func isSilent(_ frames: Range<Int>) throws -> Bool {
        let hop = LogMelSpectrogram.hop
        let samples = try heard.samples(frames.lowerBound * hop..<frames.upperBound * hop)
        return samples.allSatisfy { abs($0) < Self.leastAmplitude }
    }

    /// A segment with the recording's times.
    func placed(_ segment: Segment) -> Segment {
        guard let timeline else { return segment }
        var segment = segment
        segment.start = min(timeline.start(segment.start), duration)
        segment.end = min(max(timeline.end(segment.end), segment.start), duration)
        segment.words = segment.words?.map { word in
            let part = timeline.part(at: (word.start + word.end) / 2)
            var word = word
            word.start = min(max(0, timeline.time(word.start, in: part)), duration)
            word.end = min(max(timeline.time(word.end, in: part), word.start), duration)
            return word
        }
        return segment
    }

    /// Seconds of the recording that are done, where they are more than at the last call; what is left out is done at once.
    func newlyDone() -> Double? {
        let done = duration - Double(frames - doneFrames) * WindowSequence.secondsPerFrame
        guard doneFrames > 0 || frames == 0, done > toldSeconds else { return nil }
        toldSeconds = done
        return done
    }
}
