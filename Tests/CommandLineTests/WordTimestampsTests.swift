import Foundation
import TensorStore
import TestSupport
import Testing

@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct WordTimestampsTests {
    @Test(arguments: [
        (["--max-line-width", "40"], "--max-line-width needs --word-timestamps"),
        (["--highlight-words"], "--highlight-words needs --word-timestamps"),
        (["--hallucination-silence-threshold", "2"], "--hallucination-silence-threshold needs --word-timestamps"),
        (["--word-timestamps", "--hallucination-silence-threshold", "4000"], "from 0 to 3600 seconds"),
        (["--word-timestamps", "--max-line-count", "2"], "--max-line-count needs --max-line-width"),
        (["--word-timestamps", "--max-words-per-line", "0"], "from 1 to 1000"),
        (["--word-timestamps", "--max-words-per-line", "2", "--max-line-width", "9"], "exclude each other"),
    ]) func optionsThatDoNotFit(_ options: [String], _ text: String) throws {
        let run = try Workplace().run(["transcribe", "talk.wav", "--model", "nowhere"] + options)
        #expect(run.status == 64 && run.errors.contains(text), "\(run.errors)")
    }

    private static let model = OptionalMaterial.models.folder?.appending(path: "tiny.en").path ?? ""
    private static let recording = Goldens.repository.appending(path: "../shared/audio/jfk.wav").path

    /// Files of a real model: OpenAI's form of words, and subtitles of two lines.
    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: model) && FileManager.default.fileExists(atPath: recording),
            "set GLINT_TEST_MODELS to a folder with tiny.en; jfk.wav is beside the project in shared/audio"))
    func filesWithWords() throws {
        let place = try Workplace()
        let run = try place.run([
            "transcribe", Self.recording, "--model", Self.model, "--beam-size", "1", "--word-timestamps", "--output-format",
            "json", "--output-format", "srt", "--output-dir", ".", "--max-line-width", "24", "--max-line-count", "2",
        ])
        #expect(run.status == 0 && run.complaints.isEmpty, "\(run.errors)")
        let json = try JSONValue(parsing: Data(contentsOf: URL(filePath: place.path("jfk.json"))))
        let words = try #require(json["segments"]?.array).flatMap { $0["words"]?.array ?? [] }
        #expect(words.count == 22 && words.allSatisfy { $0.object?.map(\.key) == ["word", "start", "end", "probability"] })
        #expect(words.map { $0["word"]?.string ?? "" }.joined() == json["text"]?.string)
        let lines = try String(contentsOfFile: place.path("jfk.srt"), encoding: .utf8).split(separator: "\n")
        #expect(lines.count > 8 && lines.filter { !$0.contains("-->") }.allSatisfy { $0.count <= 24 })
    }
}
