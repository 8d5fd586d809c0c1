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
    /// The file of a transcript.
    ///
    /// Reference: OpenAI's `whisper/utils.py`; whisper.cpp's `output_lrc`.
    /// - Parameter layout: for subtitles (srt, vtt).
    /// - Returns: nil for JSON, which has more than segments.
    public func text(_ segments: [Segment], _ layout: SubtitleLayout = SubtitleLayout()) -> String? {
        switch self {
        case .txt: segments.map { "\($0.text.trimmed)\n" }.joined()
        case .srt:
            cues(segments, layout) { clock($0, decimal: ",") }.enumerated().map { "\($0 + 1)\n\($1)" }.joined()
        case .vtt:
            "WEBVTT\n\n" + cues(segments, layout) { clock($0, decimal: ".", alwaysHours: false) }.joined()
        case .tsv:
            "start\tend\ttext\n"
                + segments.map { segment in
                    let text = String(segment.text.trimmed.map { $0 == "\t" ? " " : $0 })
                    return "\(segment.start.milliseconds)\t\(segment.end.milliseconds)\t\(text)\n"
                }.joined()
        case .lrc:
            segments.map { segment in
                let hundredths = segment.start.milliseconds / 10
                let (minutes, seconds) = (hundredths / 6000, hundredths / 100 % 60)
                return "[\(padded(minutes, 2)):\(padded(seconds, 2)).\(padded(hundredths % 100, 2))]\(segment.text.trimmed)\n"
            }.joined()
        case .json: nil
        }
    }

    private func cues(_ segments: [Segment], _ layout: SubtitleLayout, clock: (Double) -> String) -> [String] {
        layout.cues(segments).map { cue in
            // An arrow would be read as a time.
            "\(clock(cue.start)) --> \(clock(cue.end))\n\(cue.text.replacing("-->", with: "->"))\n\n"
        }
    }

    /// Hours, minutes, seconds and milliseconds.
    private func clock(_ seconds: Double, decimal: String, alwaysHours: Bool = true) -> String {
        let all = seconds.milliseconds
        let hours = all / 3_600_000
        let rest = "\(padded(all / 60_000 % 60, 2)):\(padded(all / 1000 % 60, 2))\(decimal)\(padded(all % 1000, 3))"
        return alwaysHours || hours > 0 ? "\(padded(hours, 2)):\(rest)" : rest
    }

    private func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
