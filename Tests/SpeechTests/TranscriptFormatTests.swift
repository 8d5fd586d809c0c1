import Testing

@testable import Speech

@Suite struct TranscriptFormatTests {
    private func segment(_ start: Double, _ end: Double, _ text: String) -> Segment {
        Segment(
            start: start, end: end, text: text, tokens: [], temperature: 0, averageLogProbability: 0, compressionRatio: 1,
            noSpeechProbability: 0)
    }

    private func file(_ format: TranscriptFormat) -> String {
        let segments = [segment(0, 1.5, " Hello --> there"), segment(3599.9996, 3725.25, " a\tb")]
        return format.text(segments) ?? "none"
    }

    /// The forms of OpenAI's writers, beyond an hour too.
    @Test func files() {
        #expect(file(.txt) == "Hello --> there\na\tb\n")
        #expect(
            file(.srt)
                == "1\n00:00:00,000 --> 00:00:01,500\nHello -> there\n\n2\n01:00:00,000 --> 01:02:05,250\na\tb\n\n")
        #expect(
            file(.vtt)
                == "WEBVTT\n\n00:00.000 --> 00:01.500\nHello -> there\n\n01:00:00.000 --> 01:02:05.250\na\tb\n\n")
        #expect(file(.tsv) == "start\tend\ttext\n0\t1500\tHello --> there\n3600000\t3725250\ta b\n")
        #expect(file(.lrc) == "[00:00.00]Hello --> there\n[60:00.00]a\tb\n")
        #expect(TranscriptFormat.json.text([segment(0, 1, "a")]) == nil)
    }
}
