import Architectures
import Audio
import Inference
import TensorStore
import Tokenizers

extension WhisperPipeline {
    /// Decodes the next windows of chunks.
    func decode(_ chunks: [SpeechChunk], _ request: Request) async throws {
        guard !chunks.isEmpty else { return }
        let source = try await encoded(chunks, request.audioContext)
        if tokenizer.isMultilingual, chunks.contains(where: { $0.sound.language == nil }) {
            let found = try await LanguageDetection(tokenizer: tokenizer).probabilities(source)
            for (chunk, languages) in zip(chunks, found) where chunk.sound.language == nil {
                chunk.sound.language = languages.first?.language
                chunk.sound.detected = languages.first
            }
        }
        let prompts = try chunks.map { chunk in
            let start = try tokenizer.startSequence(language: chunk.sound.language, task: request.task)
            return chunk.windows.prompt(tokenizer, startSequence: start, length: config.maxTargetPositions)
        }
        let decoding = WindowDecoding(tokenizer: tokenizer, vocabulary: vocabulary, options: request.decoding)
        // By the place in the sound, so that the same is drawn whatever is decoded beside it.
        let seeds = chunks.map { request.decoding.seed &+ UInt64($0.windows.window?.lowerBound ?? 0) }
        for (index, decoded) in try await decoding.decode(source, prompts, seeds: seeds).enumerated() {
            let chunk = chunks[index]
            var words: WindowWords?
            if request.decoding.wordTimestamps {
                let start = try tokenizer.startSequence(language: chunk.sound.language, task: request.task)
                let aligner = WordAligner(tokenizer: tokenizer, startSequence: start, length: config.maxTargetPositions)
                words = WindowWords(aligner: aligner, source: source, window: index)
            }
            let segments = try await chunk.windows.take(decoded, vocabulary, words: words, text: decoding.text)
            chunk.segments += segments.map(chunk.sound.placed)
        }
    }

    /// Encodes the next windows of chunks.
    private func encoded(_ chunks: [SpeechChunk], _ context: AudioContext) async throws -> any TokenSource {
        let windows = chunks.map { $0.windows.window ?? 0..<0 }
        let fitted = networks.takesAllSizes ? context : .full
        let positions = fitted.positions(frames: windows.map(\.count).max() ?? 0, limit: config.maxSourcePositions)
        // Two windows of 30 s a run: more are not faster, but take memory.
        let count = max(1, 2 * config.maxSourcePositions / positions)
        var parts: [[String: Tensor]] = []
        for first in stride(from: 0, to: chunks.count, by: count) {
            let group = first..<min(first + count, chunks.count)
            let features: [Float] = try group.flatMap { index in
                try chunks[index].sound.features.window(windows[index], length: 2 * positions).elements() as [Float]
            }
            let batch = try Tensor(features, shape: [group.count, config.numMelBins, 2 * positions])
            parts.append(try await networks.encode(batch))
        }
        let sound = try parts.count == 1 ? parts[0] : parts.joinedRows()
        return try networks.tokens(over: sound, windows: windows.count)
    }

    /// Frames of the shortest rest of a chunk of speech that is decoded again: a bit more than the padding.
    private static let leastRest = 50

    /// The chunks of a recording: its speech where that is looked for, in parts of 30 s where they are decoded side by side.
    func chunks(of recording: Recording, _ index: Int, _ request: Request) async throws -> [SpeechChunk] {
        var (heard, timeline): (Recording, ExcerptTimeline?) = (recording, nil)
        var parts: [[Range<Int>]]
        if let clips = request.clips {
            let ranges = clips.map { $0.frames(of: recording) }
            parts = request.batchSize == nil ? [ranges] : ranges.map { [$0] }
        } else if var options = request.voiceActivity {
            if request.batchSize != nil { options.maxSpeech = min(options.maxSpeech, 30) }
            let activity = try self.activity ?? SpeechProbabilities(threads: self.options.threads)
            self.activity = activity
            let speech = SpeechChunking(try await activity.probabilities(recording), count: recording.count, options)
            heard = recording.excerpt(speech.ranges)
            timeline = ExcerptTimeline(speech.ranges)
            let all = 0..<heard.count / LogMelSpectrogram.hop
            parts = request.batchSize == nil ? [[all]] : speech.chunks.map { [$0] }
        } else {
            parts = [[0..<heard.count / LogMelSpectrogram.hop]]
        }
        if parts.isEmpty { parts = [[]] }
        let sound = try RecordingSound(index, duration: recording.duration, heard, spectrogram, timeline)
        sound.language = request.language
        sound.frames = parts.joined().reduce(0) { $0 + $1.count }
        return parts.enumerated().map { index, ranges in
            let windows = WindowSequence(
                ranges, request.decoding, tokenizer, isBeginning: index == 0,
                leastRest: request.batchSize != nil && timeline != nil ? Self.leastRest : 1)
            return SpeechChunk(sound, windows, isLast: index == parts.count - 1)
        }
    }
}
