import Foundation
import TensorStore
import TestSupport
import Testing
import Workflows

@Suite struct SpeechManifestTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A list, and recordings that only have to be there.
    private func manifest(
        _ name: String, _ content: String, recordings: [String], limit: Int? = nil
    ) throws -> SpeechManifest {
        for recording in recordings { try folder.write(recording, "x") }
        return try SpeechManifest(path: folder.write(name, content).path, limit: limit)
    }

    private func lineErrors(
        _ name: String, _ content: String, recordings: [String] = ["a.wav", "b.wav"]
    ) throws -> [SpeechManifestLineError] {
        let error = try #require(throws: SpeechManifestError.self) {
            try manifest(name, content, recordings: recordings)
        }
        guard case .lines(let errors) = error else {
            Issue.record("\(error)")
            return []
        }
        return errors
    }

    @Test func jsonLines() throws {
        let list = try manifest(
            "set.jsonl",
            """
            \u{FEFF}{"audio": "a.wav", "text": "één \\"twee\\"", "duration": 2.5}\r

              {"text": "", "audio": "deep/er/b.ogg"}
            {"audio": "\(folder.path)/c.mp3", "text": "drie"}
            """, recordings: ["a.wav", "deep/er/b.ogg", "c.mp3"])
        #expect(list.samples.map(\.text) == ["één \"twee\"", "", "drie"] && list.samples.map(\.line) == [1, 3, 4])
        #expect(list.samples.map(\.audio) == ["a.wav", "deep/er/b.ogg", folder.path + "/c.mp3"])
        #expect(list.samples.map(\.path) == ["/a.wav", "/deep/er/b.ogg", "/c.mp3"].map { folder.path + $0 })
        #expect(list.notes.isEmpty)
    }

    /// The form is told by the beginning where the name does not tell it.
    @Test func jsonLinesOfAnotherName() throws {
        #expect(try manifest("set", #"{"audio": "a.wav", "text": "x"}"#, recordings: ["a.wav"]).samples.count == 1)
        #expect(throws: SpeechManifestError.unknownForm(file: folder.path + "/words")) {
            try manifest("words", "a.wav one two", recordings: ["a.wav"])
        }
    }

    /// Quotation marks are part of sentences, and may be alone.
    @Test func commonVoice() throws {
        let list = try manifest(
            "test.tsv",
            "client_id\tpath\tsentence\tup_votes\n0f\tcv_1.mp3\t\"Ja\" zei hij.\t2\r\n0f\tcv_2.mp3\t\"Nee.\t0\n",
            recordings: ["clips/cv_1.mp3", "cv_2.mp3"])
        #expect(list.samples.map(\.text) == ["\"Ja\" zei hij.", "\"Nee."] && list.samples.map(\.line) == [2, 3])
        #expect(list.samples.map(\.path) == ["/clips/cv_1.mp3", "/cv_2.mp3"].map { folder.path + $0 })
    }

    @Test func libriSpeech() throws {
        try folder.write("LibriSpeech/84/121/84-121.trans.txt", "84-121-0000 GO DO YOU HEAR\n84-121-0001\n")
        try folder.write("LibriSpeech/174/50/174-50.trans.txt", "174-50-0000 HE WAS\n")
        for name in ["84/121/84-121-0000", "84/121/84-121-0001", "174/50/174-50-0000"] {
            try folder.write("LibriSpeech/\(name).flac", "x")
        }
        for path in [folder.path + "/LibriSpeech", folder.path + "/LibriSpeech/"] {
            let list = try SpeechManifest(path: path)
            #expect(list.samples.map(\.text) == ["HE WAS", "GO DO YOU HEAR", ""])
            #expect(
                list.samples.map(\.audio) == ["174/50/174-50-0000.flac", "84/121/84-121-0000.flac", "84/121/84-121-0001.flac"])
        }
        let one = try SpeechManifest(path: folder.path + "/LibriSpeech/84/121/84-121.trans.txt", limit: 1)
        #expect(one.samples.map(\.audio) == ["84-121-0000.flac"])
        try folder.write("nothing/readme.txt", "x")
        #expect(throws: SpeechManifestError.noTranscripts(folder: folder.path + "/nothing")) {
            try SpeechManifest(path: folder.path + "/nothing")
        }
    }

    @Test func repeatedRecordings() throws {
        let line = #"{"audio": "a.wav", "text": "x"}"#
        let list = try manifest(
            "set.jsonl",
            "\(line)\n\(line)\n{\"audio\": \"./b/../a.wav\", \"text\": \"x\"}\n{\"audio\": \"b/c.wav\", \"text\": \"x\"}",
            recordings: ["a.wav", "b/c.wav"])
        #expect(list.samples.map(\.line) == [1, 4])
        #expect(list.notes == ["2 lines repeat a recording and its text; each recording counts once."])
        let errors = try lineErrors("set.jsonl", "\(line)\n\(line.replacing("\"x\"", with: "\"y\""))")
        #expect(errors.map(\.reason) == [.otherText(audio: "a.wav", line: 1)] && errors.map(\.line) == [2])
    }

    /// What comes after the limit is not read.
    @Test func limit() throws {
        let list = try manifest(
            "set.jsonl", #"{"audio": "a.wav", "text": "x"}"# + "\nno JSON", recordings: ["a.wav"], limit: 1)
        #expect(list.samples.count == 1)
    }

    @Test func wrongLines() throws {
        let errors = try lineErrors(
            "set.jsonl",
            """
            {"audio": "a.wav" "text": "x"}
            ["a.wav", "x"]
            {"audio_filepath": "a.wav", "text": "x"}
            {"audio": "a.wav", "text": 7}
            {"audio": "", "text": "x"}
            {"audio": "gone.wav", "text": "x"}
            {"audio": "a.wav\\u0000", "text": "x"}
            {"audio": "a.wav", "text": "x"}
            """)
        #expect(errors.map(\.line) == Array(1...7) && errors[0].column == 19)
        #expect(errors[1].reason == .notAnObject(found: "an array"))
        #expect(errors[2].reason == .missingMember("audio", found: ["audio_filepath", "text"]))
        #expect(errors[3].reason == .notText("text", found: "a number"))
        #expect(errors[4].reason == .noRecording)
        #expect(errors[5].reason == .missingRecording(path: folder.path + "/gone.wav"))
        let text = SpeechManifestError.lines(errors).description
        #expect(text.contains("set.jsonl, line 1, column 19: Invalid JSON at byte 18"))
        #expect(text.contains("set.jsonl, line 3: there is no \"audio\"; the object has \"audio_filepath\", \"text\"."))
    }

    @Test func wrongColumns() throws {
        let errors = try lineErrors(
            "a.tsv", "path\tsentence\na.wav\tx\textra\nb.wav\n\tx\ngone.mp3\tx\n")
        #expect(
            errors.map(\.reason) == [
                .columnCount(expected: 2, found: 3), .columnCount(expected: 2, found: 1), .noRecording,
                .missingRecording(path: folder.path + "/clips/gone.mp3"),
            ])
        // Nothing can be said about lines whose columns are not known.
        #expect(
            try lineErrors("b.tsv", "a.wav\tx\nb.wav\ty\n").map(\.reason) == [.missingColumn("path", found: ["a.wav", "x"])])
        #expect(
            try lineErrors("c.tsv", "path\ttext\na.wav\tx\n").map(\.reason) == [
                .missingColumn("sentence", found: ["path", "text"])
            ])
    }

    @Test func listsWithoutRecordings() throws {
        for (name, content) in [("a.jsonl", ""), ("b.jsonl", "\n \n"), ("c.tsv", "path\tsentence\n"), ("d.trans.txt", "\n")] {
            let path = try folder.write(name, content).path
            #expect(throws: SpeechManifestError.empty(file: path)) { try SpeechManifest(path: path) }
        }
        #expect(throws: FileError.missing(path: folder.path + "/none.jsonl")) {
            try SpeechManifest(path: folder.path + "/none.jsonl")
        }
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n"
        let path = try folder.write("lfs.jsonl", pointer).path
        #expect(throws: SpeechManifestError.kind(.lfsPointer(byteCount: 12345), file: path)) { try SpeechManifest(path: path) }
    }

    /// A message has the first ten lines.
    @Test func manyWrongLines() throws {
        let errors = try lineErrors("set.jsonl", String(repeating: "?\n", count: 50))
        let text = SpeechManifestError.lines(errors).description
        #expect(errors.count == 50 && text.split(separator: "\n").count == 11 && text.hasSuffix("… and 40 more lines."))
    }
}
