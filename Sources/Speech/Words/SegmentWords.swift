extension WindowSegments {
    /// Gives each part its words.
    ///
    /// Reference: faster-whisper's `add_word_timestamps`.
    /// - Parameters:
    ///   - words: those of all parts, one after the other.
    ///   - textTokenCounts: the number of each part's tokens of text.
    ///   - start: the window's start in seconds.
    ///   - lastSpeech: the end of the last word before the window.
    mutating func addWords(_ words: [AlignedWord], textTokenCounts: [Int], start: Double, lastSpeech: Double) {
        var words = words
        let durations = WordDurations(of: words)
        durations.cutAtSentenceEnds(&words)
        words.mergePunctuation()
        var lastSpeech = lastSpeech
        var next = words[...]
        for index in parts.indices {
            var own: [Word] = []
            var tokens = 0
            while tokens < textTokenCounts[index], let word = next.popFirst() {
                tokens += word.tokenCount
                guard !word.text.isEmpty else { continue }
                own.append(
                    Word(
                        start: (start + word.start).hundredths, end: (start + word.end).hundredths, text: word.text,
                        probability: word.probability))
            }
            if !own.isEmpty {
                durations.cutAfterPause(&own, lastSpeech: lastSpeech)
                durations.reconcile(&own, with: &parts[index])
                lastSpeech = parts[index].end
            }
            parts[index].words = own
        }
    }

    /// The end of the last word, or of the last part where there are no words.
    var end: Double? { parts.last { $0.words?.isEmpty == false }?.words?.last?.end ?? parts.last?.end }
}

extension Double {
    /// Rounded to hundredths.
    fileprivate var hundredths: Double { (self * 100).rounded() / 100 }
}
