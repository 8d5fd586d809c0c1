import Testing
import Tokenizers

@testable import Speech

/// A speaker whose words are read from the samples: each lasts half a second, at an amplitude of its own.
private struct Speaker {
    static let wordSamples = 8000
    /// Words of a segment.
    var segment = 6

    static func amplitude(_ word: Int) -> Float { Float(word + 1) / 1000 }
    static func word(_ amplitude: Float) -> Int { Int((amplitude * 1000).rounded()) - 1 }
    static func text(_ word: Int) -> String { " w\(word)" }
    static func sound(_ words: Range<Int>) -> [Float] {
        words.flatMap { [Float](repeating: amplitude($0), count: wordSamples) }
    }

    /// The tokens of samples. The last word is another until it has been heard whole.
    func tokens(_ samples: [Float]) -> [Int] {
        var tokens: [Int] = []
        func time(_ sample: Int) -> Int { TestTokenizer.timestampBegin + min(1500, sample / 320) }
        var from = 0
        while from < samples.count {
            var to = from
            while to < samples.count, samples[to] == samples[from] { to += 1 }
            defer { from = to }
            guard samples[from] != 0 else { continue }
            let word = Self.word(samples[from])
            if tokens.isEmpty || word % segment == 0 {
                if !tokens.isEmpty { tokens.append(time(from)) }
                tokens.append(time(from))
            }
            let isWhole = to - from >= Self.wordSamples || from == 0
            tokens += TestTokenizer.bytes(isWhole ? Self.text(word) : " x\(to - from)")
            if to == samples.count || samples[to...].allSatisfy({ $0 == 0 }) { tokens.append(time(to)) }
        }
        return tokens
    }

    /// Logits that continue the settled tokens.
    func source(_ samples: [Float]) -> ScriptedText {
        let said = tokens(samples)
        return ScriptedText { text in
            var row = [Float](repeating: -20, count: 1801)
            row[TestTokenizer.noSpeech] = said.isEmpty ? 30 : -20
            let settled = text.dropFirst((text.lastIndex(of: TestTokenizer.start) ?? 0) + 1)
            #expect(said.isEmpty || said.starts(with: settled), "settled tokens are those that were said")
            row[settled.count < said.count ? said[settled.count] : TestTokenizer.end] = said.isEmpty ? -19 : 20
            return row
        }
    }
}

@Suite struct LiveTranscriptionTests {
    private struct Heard {
        var text = ""
        var segments: [Segment] = []
        var windows: [Int] = []
        var latest = 0.0
    }

    private static func listen(
        _ sound: [Float], speaker: Speaker = Speaker(), pieces: Int = 16_000, change: (inout LiveOptions) -> Void = { _ in }
    ) async throws -> Heard {
        var options = LiveOptions()
        change(&options)
        let tokenizer = try TestTokenizer.make()
        var decoding = DecodingOptions()
        // Words that differ by a digit look like repetition.
        decoding.compressionRatioThreshold = nil
        var transcription = LiveTranscription(
            tokenizer, TestTokenizer.rules, decoding, options, length: 448, isSilent: { $0.allSatisfy { $0 == 0 } })
        var heard = Heard()
        var arrived = 0
        func window(_ samples: [Float]) async throws -> (any TextSource, [Int32], WhisperLanguage?) {
            #expect(samples.count <= 480_000)
            heard.windows.append(samples.count)
            return (speaker.source(samples), try tokenizer.startSequence(), nil)
        }
        func emit(_ event: LiveEvent) throws {
            switch event {
            case .committed(let text):
                heard.text += text.text
                #expect(text.start >= heard.latest && text.end >= text.start && text.end <= Double(arrived) / 16_000 + 1e-6)
                heard.latest = text.end
            case .segment(let segment):
                #expect(segment.start >= (heard.segments.last?.end ?? 0) - 1e-6 && segment.end >= segment.start)
                heard.segments.append(segment)
            case .hypothesis, .language: break
            }
        }
        for from in stride(from: 0, to: sound.count, by: pieces) {
            let piece = sound[from..<min(from + pieces, sound.count)]
            #expect(piece.count <= transcription.room)
            arrived += piece.count
            try await transcription.listen(piece, window: window, emit: emit)
        }
        try await transcription.finish(window: window, emit: emit)
        return heard
    }

    private static func text(_ words: Range<Int>) -> String { words.map(Speaker.text).joined() }

    /// Every word is heard once, whatever the pieces, the segments and the time at which sound is let go.
    /// (Where a window has no closed segment, it is settled whole, and so must end with a word.)
    @Test(arguments: [
        (4000, 3), (4000, 6), (8000, 3), (8000, 1000), (12_800, 3), (12_800, 6), (16_000, 6), (16_000, 1000), (40_000, 6),
        (40_000, 1000),
    ]) func everyWordOnce(_ pieces: Int, _ segment: Int) async throws {
        for trimAfter in [0.0, 10, 28] {
            let heard = try await Self.listen(
                Speaker.sound(0..<200), speaker: Speaker(segment: segment), pieces: pieces
            ) { ($0.trimAfter, $0.interval) = (trimAfter, Double(pieces) / 16_000) }
            #expect(heard.text == Self.text(0..<200))
            #expect(heard.segments.map(\.text).joined() == heard.text)
            #expect(heard.windows.allSatisfy { $0 <= 28 * 16_000 })
        }
    }

    /// Words are settled two hypotheses after they were said, the last at the end of the sound.
    @Test func wordsComeSoon() async throws {
        let half = try await Self.listen(Speaker.sound(0..<1))
        #expect(half.text == " w0" && half.segments.count == 1 && abs(half.latest - 0.5) < 0.03)
        #expect(half.windows == [8000, 8000])
    }

    /// Silence has no words and costs no decoding; what comes after it does.
    @Test func silence() async throws {
        let silence = [Float](repeating: 0, count: 30 * 16_000)
        let nothing = try await Self.listen(silence)
        #expect(nothing.text.isEmpty && nothing.segments.isEmpty && nothing.windows.isEmpty)
        let heard = try await Self.listen(
            silence + Speaker.sound(0..<7) + silence + Speaker.sound(7..<20) + silence)
        #expect(heard.text == Self.text(0..<20))
        #expect(heard.windows.count < 20)
        #expect(heard.segments.map(\.text).joined() == heard.text)
        let starts = heard.segments.map { ($0.start * 10).rounded() / 10 }
        #expect(starts == [30, 33, 63.5, 66, 69])
        let nobody = try await Self.listen([])
        #expect(nobody.text.isEmpty && nobody.windows.isEmpty)
    }

    /// Sound without speech is let go, so that speech after it is heard in a short window.
    @Test func noise() async throws {
        // The speaker's silence that is none for the pipeline.
        let tokenizer = try TestTokenizer.make()
        var transcription = LiveTranscription(
            tokenizer, TestTokenizer.rules, DecodingOptions(), LiveOptions(), length: 448, isSilent: { _ in false })
        var longest = 0
        for _ in 0..<60 {
            try await transcription.listen(
                [Float](repeating: 0, count: 16_000),
                window: { samples in
                    longest = max(longest, samples.count)
                    return (Speaker().source(samples), try tokenizer.startSequence(), nil)
                }, emit: { #expect($0 == .hypothesis("")) })
        }
        #expect(longest <= 3 * 16_000)
    }
}
