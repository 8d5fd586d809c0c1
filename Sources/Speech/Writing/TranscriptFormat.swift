/// A form of a transcript's file.
public enum TranscriptFormat: String, Sendable, CaseIterable {
    /// Lines of text.
    case txt
    /// SubRip.
    case srt
    /// WebVTT.
    case vtt
    /// Start and end in milliseconds, and the text, separated by tabs.
    case tsv
    /// Lyrics: a time before each line.
    case lrc
    case json
}

extension TranscriptFormat {
    /// The text before the first segment.
    public var header: String {
        switch self {
        case .vtt: "WEBVTT\n\n"
        case .tsv: "start\tend\ttext\n"
        case .txt, .srt, .lrc, .json: ""
        }
    }

    /// A segment's text.
    ///
    /// Reference: OpenAI's `whisper/utils.py`; whisper.cpp's `output_lrc`.
    /// - Parameter index: from 0.
    /// - Returns: nil for JSON, whose file is written at the end.
    public func text(_ segment: Segment, index: Int) -> String? {
        let line = segment.text.trimmed
        // An arrow would be read as a time.
        let cue = line.replacing("-->", with: "->")
        switch self {
        case .txt: return "\(line)\n"
        case .srt:
            let (start, end) = (clock(segment.start, decimal: ","), clock(segment.end, decimal: ","))
            return "\(index + 1)\n\(start) --> \(end)\n\(cue)\n\n"
        case .vtt:
            return "\(clock(segment.start, decimal: ".", alwaysHours: false)) --> "
                + "\(clock(segment.end, decimal: ".", alwaysHours: false))\n\(cue)\n\n"
        case .tsv:
            let text = String(line.map { $0 == "\t" ? " " : $0 })
            return "\(milliseconds(segment.start))\t\(milliseconds(segment.end))\t\(text)\n"
        case .lrc:
            let hundredths = milliseconds(segment.start) / 10
            let (minutes, seconds) = (hundredths / 6000, hundredths / 100 % 60)
            return "[\(padded(minutes, 2)):\(padded(seconds, 2)).\(padded(hundredths % 100, 2))]\(line)\n"
        case .json: return nil
        }
    }

    private func milliseconds(_ seconds: Double) -> Int { Int((max(0, seconds) * 1000).rounded()) }

    /// Hours, minutes, seconds and milliseconds.
    private func clock(_ seconds: Double, decimal: String, alwaysHours: Bool = true) -> String {
        let all = milliseconds(seconds)
        let hours = all / 3_600_000
        let rest = "\(padded(all / 60_000 % 60, 2)):\(padded(all / 1000 % 60, 2))\(decimal)\(padded(all % 1000, 3))"
        return alwaysHours || hours > 0 ? "\(padded(hours, 2)):\(rest)" : rest
    }

    private func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
