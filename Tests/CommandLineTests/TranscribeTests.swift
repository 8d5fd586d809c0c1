import Foundation
import TensorStore
import TestSupport
import Testing

/// `glint transcribe`, `quantize` and `model` with a small speech model.
@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct TranscribeTests {
    private let place: Workplace
    private let options = ["--model", "whisper", "--beam-size", "1", "--temperature", "0", "--no-speech-threshold", "1"]
    /// A random model says timestamps more often than words.
    private var speaking: [String] { options + ["--no-timestamps"] }

    init() throws {
        place = try Workplace()
        let folder = place.folder.url.appending(path: "whisper")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        try SmallWhisper.write(to: folder)
        try place.folder.write("a.wav", TestSound.wav(TestSound.noise(seconds: 2)))
    }

    @Test func everyFormatOfSeveralFiles() throws {
        try place.folder.write("b.wav", TestSound.wav(TestSound.noise(seconds: 1)))
        let run = try place.run(
            ["transcribe", "a.wav", "b.wav", "--output-format", "all", "--output-dir", "out/", "--timings"] + speaking)
        #expect(run.status == 0, "\(run.errors)")
        let files = try FileManager.default.contentsOfDirectory(atPath: place.path("out"))
        let expected = ["a", "b"].flatMap { name in ["json", "lrc", "srt", "tsv", "txt", "vtt"].map { "\(name).\($0)" } }
        #expect(files.sorted() == expected)
        let json = try JSONValue(parsing: Data(contentsOf: URL(filePath: place.path("out/a.json"))))
        let text = try String(contentsOfFile: place.path("out/a.txt"), encoding: .utf8)
        #expect(json["language"]?.string == "en" && !text.isEmpty)
        let segments = try #require(json["segments"]?.array)
        #expect(segments.allSatisfy { 0 <= $0["start"]?.double ?? -1 && $0["end"]?.double ?? 9 <= 2 })
    }

    /// What was transcribed before is written, and nothing of the file that is no sound.
    @Test func aFileThatIsNoSound() throws {
        try place.folder.write("c.wav", "no sound")
        let run = try place.run(["transcribe", "a.wav", "c.wav", "--output-format", "txt", "--output-dir", "."] + speaking)
        #expect(run.status != 0 && run.errors.contains("c.wav"), "\(run.errors)")
        #expect(try place.folder.contents.filter { $0.hasSuffix(".txt") } == ["a.txt"])
    }

    @Test(arguments: [
        (["gone.wav"], "gone.wav"), (["a.wav", "--model", "nowhere"], "nowhere"), (["a.wav", "--beam-size", "0"], "--beam-size"),
        (["a.wav", "--output-format", "doc"], "'doc' is invalid"), (["a.wav", "--language", "klingon"], "klingon"),
        (["a.wav", "--language", "de"], "English"), (["a.wav", "--task", "translate"], "English"),
        (["a.wav", "--temperature", "hot"], "hot"), (["a.wav", "--draft-model", "whisper", "--beam-size", "5"], "--beam-size 1"),
    ]) func mistakes(_ arguments: [String], _ text: String) throws {
        let model = arguments.contains("--model") ? [] : ["--model", "whisper"]
        let run = try place.run(["transcribe"] + arguments + model)
        #expect(run.status != 0 && run.exited && run.errors.contains(text), "\(arguments): \(run.errors)")
        #expect(run.output.isEmpty)
    }

    /// Live sound from a file on standard input: text is printed, and the transcript is written at the end.
    @Test func standardInput() throws {
        let input = try place.folder.write("live.raw", TestSound.raw(TestSound.noise(seconds: 3)))
        let run = try place.run(
            ["transcribe", "-", "--output-format", "txt", "--output-dir", "."] + options, input: input)
        #expect(run.status == 0, "\(run.errors)")
        let files = try place.folder.contents
        #expect(files.contains { $0.hasSuffix(".txt") }, "\(files)")
    }

    /// A quantized folder transcribes, and writes ahead for its model, whose text does not change.
    @Test func quantizedFolder() throws {
        let none = try place.run(["quantize", "whisper", "int8", "--encoder", "int8"])
        #expect(none.status != 0 && none.errors.contains("--recording"), "\(none.errors)")
        let run = try place.run(["quantize", "whisper", "int8", "--encoder", "int8", "--recording", "a.wav"])
        #expect(run.status == 0 && run.output.contains("encoder") && run.output.contains("decoder"), "\(run.errors)")
        let report = try JSONValue(
            parsing: Data(contentsOf: URL(filePath: place.path("int8/encoder/quantization_report.json"))))
        #expect(report.object?.isEmpty == false)
        let small = try place.run(["transcribe", "a.wav", "--model", "int8"] + speaking.dropFirst(2))
        #expect(small.status == 0 && !small.output.isEmpty, "\(small.errors)")
        let plain = try place.run(["transcribe", "a.wav"] + speaking)
        let drafted = try place.run(["transcribe", "a.wav", "--draft-model", "int8"] + speaking)
        #expect(drafted.status == 0 && drafted.output == plain.output && !plain.output.isEmpty, "\(drafted.errors)")
        let again = try place.run(["quantize", "whisper", "int8", "--recording", "a.wav"])
        #expect(again.status != 0 && again.errors.contains("int8"))
    }

    @Test func contentsOfAModel() throws {
        let run = try place.run(["model", "whisper", "--json"])
        #expect(run.status == 0, "\(run.errors)")
        let report = try JSONValue(parsing: run.output.utf8)
        #expect(report["pipeline"]?.string == "WhisperForConditionalGeneration")
        let components = try #require(report["components"]?.array)
        #expect(components.map { $0["name"]?.string } == ["encoder", "decoder"])
        // The table of tokens is one of both uses.
        let decoder = components[1]["parameters"]?.int ?? 0
        #expect(decoder > 2169 * 16 && decoder < 2 * 2169 * 16, "\(decoder)")
        #expect(components.allSatisfy { $0["precisions"]?.array?.map(\.string) == ["f32"] })
    }
}
