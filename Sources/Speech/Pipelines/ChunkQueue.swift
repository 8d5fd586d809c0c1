/// Chunks of recordings in the order of the recordings. Some are decoded side by side; their segments are handed out in order.
struct ChunkQueue {
    /// Chunks that are decoded side by side.
    let limit: Int
    private var waiting: [SpeechChunk] = []
    /// Chunks that have begun, in order, until their segments are handed out.
    private var begun: [SpeechChunk] = []

    /// - Parameter limit: fewer than one count as one.
    init(limit: Int) { self.limit = max(1, limit) }

    /// Whether more chunks could be decoded at once.
    var hasRoom: Bool { begun.count { !$0.isComplete } + waiting.count < limit }

    /// Adds the chunks of the next recording, at least one.
    mutating func append(_ chunks: [SpeechChunk]) { waiting += chunks }

    /// The chunks whose windows are to be decoded now.
    mutating func round() -> [SpeechChunk] {
        var active = begun.filter { !$0.isComplete }
        while active.count < limit, !waiting.isEmpty {
            let chunk = waiting.removeFirst()
            begun.append(chunk)
            if !chunk.isComplete { active.append(chunk) }
        }
        return active
    }

    /// Hands out what is known of the first recordings.
    mutating func report(_ report: (Int, WhisperPipeline.Event) throws -> Void) rethrows {
        while let chunk = begun.first {
            let sound = chunk.sound
            if let (language, probability) = sound.detected {
                sound.detected = nil
                try report(sound.index, .language(language, probability: probability))
            }
            for segment in chunk.segments { try report(sound.index, .segment(segment)) }
            chunk.segments = []
            if let done = sound.newlyDone() { try report(sound.index, .progress(done)) }
            guard chunk.isComplete else { return }
            begun.removeFirst()
            if chunk.isLast { try report(sound.index, .end) }
        }
    }
}
