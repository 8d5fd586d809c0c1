import Foundation
import TensorStore
import TestSupport
import Testing

@testable import Diffusion

@Suite struct PromptFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func read(_ text: String) throws -> [String] { try PromptFile.read(folder.write("prompts.txt", text).path) }

    @Test func aPromptOnEachLine() throws {
        #expect(try read("a cat\na dog\n") == ["a cat", "a dog"])
        #expect(try read("a cat\na dog") == ["a cat", "a dog"])
        #expect(try read("une crème brûlée 🍮\n雪") == ["une crème brûlée 🍮", "雪"])
    }

    @Test func blanksAndCommentsArePassedOver() throws {
        #expect(try read("\n  \n# a comment\n  # another\n\t a cat  \n\n") == ["a cat"])
        #expect(try read("a cat # with a number sign\n") == ["a cat # with a number sign"])
    }

    @Test func whatEditorsOfOtherSystemsWrite() throws {
        #expect(try read("\u{FEFF}a cat\r\n\r\n# a comment\r\na dog\r\n") == ["a cat", "a dog"])
        #expect(try read("\u{FEFF}# a comment\na dog") == ["a dog"])
    }

    @Test(arguments: ["", "\n\n", "# nothing\n", "\u{FEFF}"]) func noPrompts(_ text: String) throws {
        let path = try folder.write("prompts.txt", text).path
        let error = #expect(throws: PromptFileError.empty(file: path)) { try PromptFile.read(path) }
        #expect(error?.description.contains("no prompts") == true)
    }

    /// Each line of it would be drawn.
    @Test(arguments: ["version https://git-lfs.github.com/spec/v1\nsize 90\n", "<!DOCTYPE html>\n<html>\n"])
    func filesInThePlaceOfAList(_ text: String) throws {
        let path = try folder.write("prompts.txt", text).path
        #expect(throws: PromptFileError.kind(FileKind(firstBytes: text.utf8), file: path)) { try PromptFile.read(path) }
    }

    @Test func bytesThatAreNoText() throws {
        let path = try folder.write("prompts.txt", [0x61, 0x0A, 0x0A, 0xFF, 0x0A] as [UInt8]).path
        let error = PromptFileError.lines([PromptLineError(line: 3, reason: .notUTF8)], file: path)
        #expect(throws: error) { try PromptFile.read(path) }
        #expect("\(error)" == "\(path), line 3, is not UTF-8 text.")
    }

    @Test func missingFilesAndFolders() throws {
        let path = folder.path + "/none.txt"
        #expect(throws: FileError.missing(path: path)) { try PromptFile.read(path) }
        #expect(throws: FileError.self) { try PromptFile.read(folder.path) }
    }

    /// A file of that many bytes, none of them on disk.
    @Test func filesThatAreTooLarge() throws {
        let url = try folder.write("prompts.txt", "")
        let handle = try FileHandle(forWritingTo: url)
        try handle.truncate(atOffset: (16 << 20) + 1)
        try handle.close()
        #expect(throws: PromptFileError.tooLarge(file: url.path, byteCount: (16 << 20) + 1)) { try PromptFile.read(url.path) }
    }

    // MARK: JSON Lines

    private func lines(_ text: String, isJSON: Bool = true) throws -> [PromptLine] {
        try PromptFile.lines(Array(text.utf8), file: "prompts", isJSON: isJSON)
    }

    private func faults(_ text: String) throws -> [String] {
        do {
            _ = try lines(text)
            return []
        } catch PromptFileError.lines(let errors, _) {
            return errors.map { "\($0)" }
        }
    }

    @Test func allOptionsOfALine() throws {
        let text = """
            # the first
            {"prompt": "a cat", "negative_prompt": "", "seed": 7, "steps": 4, "guidance_scale": 1.5, "width": 512, "height": 256,
            """
            + #""strength": 1, "image": "a.png", "mask": "m.png", "count": 2, "output": "o.png", "scheduler": "ddim","#
            + #" "lora": ["x.safetensors:0.5", "y"], "clip_skip": 1}"# + "\n\n"
            + #"{"prompt": "a dog", "seed": null, "lora": "z"}"#
        let found = try lines(text.replacing(",\n", with: ","), isJSON: false)
        #expect(found.map(\.number) == [2, 4] && found.map(\.output) == ["o.png", nil])
        var common = GenerationDescription()
        (common.request.seed, common.request.numInferenceSteps, common.model.vae) = (5, 9, "v")
        let cat = found[0].applied(to: common)
        #expect(
            cat.options == [
                "prompt": "a cat", "negative_prompt": "", "seed": 7, "steps": 4, "guidance_scale": 1.5, "width": 512,
                "height": 256, "strength": 1.0, "image": "a.png", "mask": "m.png", "count": 2, "scheduler": "ddim",
                "lora": .array(["x.safetensors:0.5", "y"]), "clip_skip": 1, "vae": "v", "noise": "torch",
            ])
        let dog = found[1].applied(to: common)
        #expect(
            dog.options == [
                "prompt": "a dog", "seed": 5, "steps": 9, "lora": .array(["z"]), "vae": "v", "noise": "torch",
            ])
        #expect(found[0].sets("width") && !found[1].sets("width") && !found[1].sets("seed"))
    }

    @Test func endingsAndFirstLinesTellTheKind() throws {
        for name in ["p.jsonl", "p.NDJSON", "p.json", "p.txt"] {
            let path = try folder.write(name, "{ \"prompt\": \"a cat\"}\r\n").path
            #expect(try PromptFile.read(path) == ["a cat"], "\(name)")
        }
        #expect(try read("{a|b} cat\n{\"a\"}") == ["{a|b} cat", "{\"a\"}"])
        #expect(try read("[cat]") == ["[cat]"])
        let path = try folder.write("array.json", "[{\"prompt\": \"a cat\"}]").path
        let error = #expect(throws: PromptFileError.self) { try PromptFile.read(path) }
        #expect(error?.description.contains("line 1, is an array; each line must be one JSON object") == true)
    }

    @Test func allThatIsWrongIsSaidAtOnce() throws {
        let text = """
            {"prompt": "fine"}
            {"promt": "a cat"}
            {"prompt": " ", "seed": -3, "steps": 2.5, "strength": 1.5}
            {"prompt": "a cat"
            {"prompt": "a cat", "cfg_scale": 2, "zebra": 1, "guidance-scale": 1, "width": "512"}
            {"prompt": "a", "prompt": "b"}
            7
            {"prompt": 7, "lora": [1], "count": 0}
            """
        let found = try faults(text)
        let expected = [
            "line 2: there is no \"prompt\"", "line 2: promt is not an option; did you mean prompt",
            "line 3: prompt must be text that is not empty; it is \" \".", "line 3: seed must be a whole number from 0 to",
            "line 3: steps must be a whole number", "line 3: strength must be above 0, and 1 at the most; it is 1.5.",
            "line 4: Invalid JSON", "line 5: width must be a whole number from 1 to 16384; it is \"512\".",
            "line 5: cfg_scale is not an option; did you mean guidance_scale?",
            "line 5: zebra is not an option; known are batch_size, clip_skip,",
            "line 5: guidance-scale is not an option; did you mean guidance_scale?",
            "line 6: Invalid JSON at byte 16: the key 'prompt' appears twice.", "line 7, is 7;",
            "line 8: prompt must be text that is not empty; it is 7.", "line 8: count must be",
            "line 8: lora must be text, or",
        ]
        #expect(found.count == expected.count)
        for (found, expected) in zip(found, expected) { #expect(found.hasPrefix(expected), "\(found)") }
    }

    @Test func onlyTheFirstFaultsAreShown() throws {
        let error = #expect(throws: PromptFileError.self) { try lines(String(repeating: "{\n", count: 30)) }
        let text = try #require(error).description
        #expect(text.split(separator: "\n").count == 21 && text.hasSuffix("prompts: 10 more."))
    }

    /// Files changed at random are read or refused, with words for it.
    @Test func survivesMutatedFiles() throws {
        let base = Array(
            #"""
            {"prompt": "a cät 🐈", "seed": 12, "steps": 4, "guidance_scale": 7.5, "lora": ["a:1"], "strength": 0.5}
            # note
            {"prompt": "(a dog:1.2)", "negative_prompt": "", "width": 512, "count": null}
            """#.utf8)
        let tokens = [
            "{", "}", "\"", ",", ":", "\\", "\n", "null", "1e999", "-1", "[]", "\u{FEFF}", "\"x\":1,", "9223372036854775808",
        ]
        var state: UInt64 = 42
        func below(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var (taken, refused) = (0, 0)
        for _ in 0..<10_000 {
            var bytes = base
            for _ in 0..<below(3) {
                let at = below(bytes.count)
                switch below(4) {
                case 0: bytes[at] = UInt8(below(256))
                case 1: bytes.removeSubrange(at..<min(bytes.count, at + below(20)))
                default: bytes.insert(contentsOf: tokens[below(tokens.count)].utf8, at: at)
                }
                if bytes.isEmpty { bytes = base }
            }
            do throws(PromptFileError) {
                let lines = try PromptFile.lines(bytes, file: "x", isJSON: below(2) == 0)
                guard !lines.isEmpty else {
                    Issue.record("no lines")
                    return
                }
                taken += 1
            } catch {
                guard !"\(error)".isEmpty else {
                    Issue.record("no words")
                    return
                }
                refused += 1
            }
        }
        #expect(taken > 500 && refused > 5_000, "\(taken) \(refused)")
    }
}
