import Foundation
import TensorStore
import TestSupport
import Testing

@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct EvalWERTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func wer(_ arguments: String...) throws -> ProgramRun { try place.run(["eval", "wer"] + arguments) }

    /// A second of silence.
    private func writeSilence(_ name: String) throws {
        try place.folder.write(name, TestSound.wav([Int16](repeating: 0, count: 16_000)))
    }

    /// Errors of the list are told before a model is looked for.
    @Test func wrongLists() throws {
        try place.folder.write("set.jsonl", "{\"audio\": \"gone.wav\", \"text\": \"x\"}\n{\"audio\": 1, \"text\": \"x\"}\n")
        let run = try wer("set.jsonl", "--model", "nowhere")
        #expect(run.status == 1 && run.output.isEmpty)
        #expect(
            run.complaints == [
                "Error: set.jsonl, line 1: there is no recording gone.wav.",
                "set.jsonl, line 2: \"audio\" must be text, not a number.",
            ], "\(run.errors)")
        #expect(try wer("none.tsv", "--model", "x").errors.contains("There is no file none.tsv."))
    }

    @Test func wrongOptions() throws {
        try writeSilence("a.wav")
        try place.folder.write("set.jsonl", #"{"audio": "a.wav", "text": "x"}"#)
        for (arguments, complaint) in [
            (["--model", "x", "--limit", "0"], "--limit must be 1 or more; it is 0."),
            (["--model", "x", "--model", "x"], "--model x is given twice."),
            (["--model", "x", "--normalizer", "french"], "'french' is invalid"),
            (["--model", "x", "--html", ""], "--html must name a file; it is empty."),
            (["--model", "x", "--output", "no/out.jsonl"], "There is no folder no/ to write into."),
            ([], "Missing expected argument '--model <folder> ...'"), (["--model", "nowhere"], "nowhere"),
        ] {
            let run = try place.run(["eval", "wer", "set.jsonl"] + arguments)
            #expect(run.status != 0 && run.errors.contains(complaint), "\(arguments): \(run.errors)")
        }
    }

    /// Nothing is said in silence: every word is missing, and a recording that is none is left out.
    @Test(.enabled(if: OptionalMaterial.models.folder != nil)) func silence() throws {
        try writeSilence("a.wav")
        try writeSilence("b.wav")
        try place.folder.write("c.wav", "no sound")
        try place.folder.write(
            "set.jsonl",
            """
            {"audio": "a.wav", "text": "Hello, there!"}
            {"audio": "b.wav", "text": ""}
            {"audio": "c.wav", "text": "three"}
            """)
        let models = try #require(OptionalMaterial.models.folder).path
        let run = try wer(
            "set.jsonl", "--model", "\(models)/tiny.en", "--model", "\(models)/base", "--language", "en", "--json", "--html",
            "page.html", "--output", "out.jsonl")
        #expect(run.status == 1 && run.errors.contains("warning: c.wav is left out: "), "\(run.errors)")
        let report = try JSONValue(parsing: run.output.utf8)
        #expect(report["sample_count"]?.int == 2 && report["word_count"]?.int == 2 && report["audio_seconds"]?.double == 2)
        #expect(report["normalizer"]?.string == "english" && report["failures"]?.array?.count == 1)
        let variants = try #require(report["variants"]?.array)
        #expect(variants.map { $0["name"]?.string } == ["tiny.en", "base"])
        for variant in variants {
            #expect(
                variant["wer_percent"]?.double == 100 && variant["deletions"]?.int == 2
                    && variant["accuracy_percent"]?.double == 0)
            #expect((variant["load_seconds"]?.double ?? 0) > 0)
        }
        #expect(variants[1]["difference"]?["wer_points"]?.double == 0)
        #expect(try place.folder.contents.filter { $0.hasPrefix("page") || $0.hasPrefix("out") } == ["out.jsonl", "page.html"])
    }
}
