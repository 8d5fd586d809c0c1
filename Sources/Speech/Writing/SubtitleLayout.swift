/// The way in which subtitles are made of words with times.
///
/// Reference: `SubtitlesWriter` of OpenAI's `whisper/utils.py`. Without words a segment is a subtitle.
public struct SubtitleLayout: Sendable, Hashable {
    /// Characters of a line; nil for any.
    public var maxLineWidth: Int?
    /// Lines of a subtitle; nil for any. With `maxLineWidth` too, subtitles may join segments.
    public var maxLineCount: Int?
    /// Words of a subtitle; nil for any.
    public var maxWordsPerLine: Int?
    /// Whether each word is underlined while it is said.
    public var highlightsWords = false

    /// A longer pause, in seconds, begins a subtitle.
    private static let longPause = 3.0

    public init() {}

    /// A text that is shown from `start` to `end`, in seconds.
    struct Cue: Equatable {
        var start: Double
        var end: Double
        var text: String
    }

    func cues(_ segments: [Segment]) -> [Cue] {
        guard segments.first?.words != nil else {
            return segments.map { Cue(start: $0.start, end: $0.end, text: $0.text.trimmed) }
        }
        return subtitles(segments).flatMap { words in highlightsWords ? highlighted(words) : [Self.joined(words)] }
    }

    private static func joined(_ words: [Word]) -> Cue {
        Cue(start: words[0].start, end: words[words.count - 1].end, text: words.map(\.text).joined())
    }

    /// The words of each subtitle, with line breaks before some.
    private func subtitles(_ segments: [Segment]) -> [[Word]] {
        let joinsSegments = maxLineCount != nil && maxLineWidth != nil
        var subtitles: [[Word]] = []
        var current: [Word] = []
        var (width, lines) = (0, 1)
        var last = segments.lazy.compactMap { $0.words?.first }.first?.start ?? segments.first?.start ?? 0
        for segment in segments {
            for (index, original) in (segment.words ?? []).enumerated() {
                var word = original
                let begins = (maxWordsPerLine.map { index % $0 == 0 } ?? (index == 0)) && !current.isEmpty && !joinsSegments
                let pauses = joinsSegments && word.start - last > Self.longPause
                let length = word.text.unicodeScalars.count
                if width > 0, maxLineWidth.map({ width + length <= $0 }) ?? true, !pauses, !begins {
                    width += length
                } else {
                    word.text = word.text.trimmed
                    let newWidth = word.text.unicodeScalars.count
                    let isFull = maxLineCount.map { pauses || lines >= $0 } ?? false
                    if begins || isFull && !current.isEmpty {
                        subtitles.append(current)
                        (current, lines) = ([], 1)
                    } else if width > 0 {
                        lines += 1
                        word.text = "\n" + word.text
                    }
                    width = newWidth
                }
                current.append(word)
                last = word.start
            }
        }
        return current.isEmpty ? subtitles : subtitles + [current]
    }

    /// A cue for each word, and for each pause between two.
    private func highlighted(_ words: [Word]) -> [Cue] {
        var cues: [Cue] = []
        let all = Self.joined(words)
        var last = all.start
        for (index, word) in words.enumerated() {
            if last.milliseconds != word.start.milliseconds { cues.append(Cue(start: last, end: word.start, text: all.text)) }
            let text = words.enumerated().map { $0 == index ? $1.text.underlined : $1.text }.joined()
            cues.append(Cue(start: word.start, end: word.end, text: text))
            last = word.end
        }
        return cues
    }
}

extension String {
    /// Between tags, but for white space at its beginning.
    fileprivate var underlined: String {
        let space = prefix(while: \.isWhitespace)
        return "\(space)<u>\(dropFirst(space.count))</u>"
    }
}

extension Double {
    /// Of these seconds, none of a negative number.
    var milliseconds: Int { Int((max(0, self) * 1000).rounded()) }
}
