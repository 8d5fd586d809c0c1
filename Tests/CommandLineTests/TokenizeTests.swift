import Foundation
import TestSupport
import Testing

@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct TokenizeTests {
    private static let folder = Goldens.url("Tokenizers/whisper/multilingual").path

    @Test func thereAndBack() throws {
        let place = try Workplace()
        let ids = try place.run(["tokenize", Self.folder, "Hello there", "don't"])
        #expect(ids.status == 0 && ids.output.split(separator: "\n").count == 2, "\(ids.errors)")
        let input = try place.folder.write("ids.txt", ids.output)
        let texts = try place.run(["detokenize", Self.folder], input: input)
        #expect(texts.output == "Hello there\ndon't\n", "\(texts.errors)")
        let lines = try place.folder.write("lines.txt", "Hello there\ndon't\n")
        #expect(try place.run(["tokenize", Self.folder, "--json"], input: lines).output.hasPrefix("["))
        #expect(try place.run(["tokenize", Self.folder], input: lines).output == ids.output)
    }

    @Test(arguments: [
        (["tokenize", "nowhere", "a"], "There is no folder"), (["tokenize", ".", "a"], "has no tokenizer"),
        (["tokenize", folder, "a", "--max-length", "1"], "from 2 to 1000000"), (["detokenize", folder, "x"], "'x' is invalid"),
        (["detokenize", folder, "99999999999999"], "no id of a token"),
    ]) func mistakes(_ arguments: [String], _ text: String) throws {
        let run = try Workplace().run(arguments)
        #expect(run.status != 0 && run.exited && run.output.isEmpty && run.errors.contains(text), "\(run.errors)")
    }

    @Test func linesThatAreNoIDs() throws {
        let place = try Workplace()
        let input = try place.folder.write("ids.txt", "1 2\n3 four\n")
        let run = try place.run(["detokenize", Self.folder], input: input)
        #expect(run.status != 0 && run.errors.contains("Line 2 of standard input: 'four'"), "\(run.errors)")
    }
}
