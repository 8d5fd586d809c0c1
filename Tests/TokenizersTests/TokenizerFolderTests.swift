import Foundation
import TensorStore
import Testing

@testable import Tokenizers

/// Folders of many kinds, read by transformers and by us.
struct TokenizerFolderTests {
    @Test func configurationsMatchTransformers() throws {
        for golden in try #require(try TokenizerGoldens.read("configurations.json.gz").array) {
            let name = try #require(golden["name"]?.string)
            let tokenizer = try Self.tokenizer(golden)
            #expect(tokenizer.modelMaxLength == golden["maxLength"]?.int, "\(name)")
            #expect(Int(tokenizer.padTokenID) == golden["padTokenID"]?.int, "\(name)")
            #expect(tokenizer.vocabularyCount == golden["count"]?.int, "\(name)")
            for row in try #require(golden["texts"]?.array) {
                let text = try #require(row[0]?.string)
                let what: Comment = "\(name): \(TokenizerGoldens.shown(text))"
                #expect(tokenizer.encode(text).ids == (try TokenizerGoldens.ids(row[1])), what)
                let cut = tokenizer.encode(text, maxLength: tokenizer.modelMaxLength)
                #expect(cut.ids == (try TokenizerGoldens.ids(row[2])), what)
                #expect(cut.droppedText == row[3]?.string, what)
            }
        }
    }

    private static func tokenizer(_ golden: JSONValue) throws -> CLIPTokenizer {
        var files: [String: String] = [:]
        for (name, text) in try #require(golden["files"]?.object) { files[name] = text.string }
        return try withTemporaryFolder(files) { folder in
            switch golden["vocabulary"]?.string {
            case "full": try BytePairVocabulary.clip().write(to: folder)
            case "small":
                for name in ["vocab.json", "merges.txt"] {
                    try FileManager.default.copyItem(
                        at: TokenizerGoldens.smallFolder.appending(path: name), to: folder.appending(path: name))
                }
            default: break
            }
            return try CLIPTokenizer(folder: folder)
        }
    }

    @Test func theProjectsFolder() throws {
        let tokenizer = try TokenizerGoldens.small.get()
        #expect(tokenizer.vocabularyCount == 1164)
        #expect(tokenizer.modelMaxLength == 32)
        #expect(tokenizer.padTokenID == tokenizer.eosTokenID)
    }

    // MARK: Mistakes

    private static let vocabulary = #"{"a": 0, "b": 1, "b</w>": 2, "ab</w>": 3, "<|startoftext|>": 4, "<|endoftext|>": 5}"#
    private static let merges = "#version: 0.2\na b</w>\n"

    @Test(arguments: ["vocab.json", "merges.txt", "tokenizer_config.json", "tokenizer.json"])
    func filesInThePlaceOfOthers(_ name: String) throws {
        let pointer = try Self.failure([name: "version https://git-lfs.github.com/spec/v1\nsize 90\n"])
        #expect(pointer.contains(name) && pointer.contains("git lfs pull"), "\(pointer)")
        let page = try Self.failure([name: "<!doctype html><html></html>"])
        #expect(page.contains(name) && page.contains("it is a web page"), "\(page)")
    }

    /// The error's description, without the folder.
    private static func failure(_ files: [String: String]) throws -> String {
        var all = ["vocab.json": vocabulary, "merges.txt": merges]
        all.merge(files) { $1 }
        return try withTemporaryFolder(all.filter { $0.value != "(none)" }) { folder in
            let error = #expect(throws: TokenizerError.self) { try CLIPTokenizer(folder: folder) }
            let description = error?.description ?? ""
            return description.replacing(folder.path + "/", with: "").replacing(folder.path, with: "FOLDER")
        }
    }

    @Test func aSmallFolderIsRead() throws {
        try withTemporaryFolder(["vocab.json": Self.vocabulary, "merges.txt": Self.merges.replacing("\n", with: "\r\n")]) {
            let tokenizer = try CLIPTokenizer(folder: $0)
            // "c" is no token.
            #expect(tokenizer.encode("ab AB b c").ids == [4, 3, 3, 2, 5, 5])
            #expect(tokenizer.modelMaxLength == 77)
        }
    }

    @Test func missingFiles() throws {
        #expect(try Self.failure(["vocab.json": "(none)"]).contains("missing: vocab.json)"))
        #expect(try Self.failure(["merges.txt": "(none)"]).contains("missing: merges.txt)"))
        let none = try Self.failure(["vocab.json": "(none)", "merges.txt": "(none)"])
        #expect(none.hasPrefix("FOLDER has no tokenizer") && none.contains("missing: vocab.json, merges.txt)"))
    }

    @Test(arguments: [
        (#"{"a": 0"#, "vocab.json: Invalid JSON at byte 7: the text ends too early."),
        (#"{"a": 0, "a": 1}"#, "vocab.json: Invalid JSON at byte 9: the key 'a' appears twice."),
        ("[]", "vocab.json: '' must be an object of ids by token; it is another kind of value."),
        (#"{"a": "0"}"#, #"vocab.json: 'a' must be an id; it is "0"."#),
        (#"{"a": 0, "b": 0}"#, "vocab.json: the id 0 belongs to more than one token: 'a', 'b'."),
        (#"{"a": 0, "b": 2}"#, "vocab.json: the token 'b' has the id 2; 2 tokens must have the ids 0 to 1."),
        (#"{"a": -1}"#, "vocab.json: the token 'a' has the id -1; 1 tokens must have the ids 0 to 0."),
        (#"{"a": 0, "<|startoftext|>": 1}"#, "vocab.json: the vocabulary does not have '<|endoftext|>', the unk_token."),
        ("{}", "vocab.json: the vocabulary does not have '<|endoftext|>', the unk_token."),
        (
            #"{"a": 0, "b</w>": 1, "ab</w>": 2, "<|endoftext|>": 3}"#,
            "vocab.json: the vocabulary does not have '<|startoftext|>', the bos_token."
        ),
    ]) func brokenVocabularies(_ text: String, _ expected: String) throws {
        #expect(try Self.failure(["vocab.json": text]) == expected)
    }

    @Test(arguments: [
        (
            "#version: 0.2\na b</w>\nab\n",
            "merges.txt, line 3: 'ab' is not a merge; it must be two tokens with one space between them."
        ),
        ("a b c\n", "merges.txt, line 1: 'a b c' is not a merge; it must be two tokens with one space between them."),
        ("a  b</w>\n", "merges.txt, line 1: 'a  b</w>' is not a merge; it must be two tokens with one space between them."),
        (" a\n", "merges.txt, line 1: ' a' is not a merge; it must be two tokens with one space between them."),
        ("a b</w>\n\n", "merges.txt, line 2: '' is not a merge; it must be two tokens with one space between them."),
        ("x b</w>\n", "merges.txt, line 1: the merge 'x b</w>' needs the token 'x', which the vocabulary does not have."),
        ("a b\n", "merges.txt, line 1: the merge 'a b' needs the token 'ab', which the vocabulary does not have."),
    ]) func brokenMerges(_ text: String, _ expected: String) throws {
        #expect(try Self.failure(["merges.txt": text]) == expected)
    }

    @Test func mergesThatAreNoText() throws {
        try withTemporaryFolder(["vocab.json": Self.vocabulary]) { folder in
            let file = folder.appending(path: "merges.txt")
            try Data([0x61, 0x20, 0xFF]).write(to: file)
            #expect(throws: TokenizerError.notUTF8(file: file.path)) { try CLIPTokenizer(folder: folder) }
        }
    }

    @Test(arguments: [
        (#"{"model_max_length": 1}"#, "'model_max_length' must be a number of at least 2; it is 1."),
        (#"{"model_max_length": 7.5}"#, "'model_max_length' must be a whole number; it is 7.5."),
        (#"{"model_max_length": "77"}"#, #"'model_max_length' must be a number of at least 2; it is "77"."#),
        (#"{"padding_side": "left"}"#, #"'padding_side' must be right, as nothing else is supported; it is "left"."#),
        (#"{"split_special_tokens": true}"#, "'split_special_tokens' must be false, as nothing else is supported; it is true."),
        (#"{"pad_token": null}"#, "'pad_token' must be a token: a string or an object with 'content'; it is null."),
        (#"{"eos_token": ""}"#, #"'eos_token' must be not empty; it is ""."#),
        (#"{"added_tokens_decoder": {"x": "y"}}"#, "'added_tokens_decoder.x' must be named by an id; it is 'x'."),
        (#"{"added_tokens_decoder": {"9": "y"}}"#, "the added token 'y' has the id 9; the vocabulary leads to 6."),
        ("[]", "'' must be an object; it is something else."),
    ]) func brokenConfigurations(_ text: String, _ expected: String) throws {
        #expect(try Self.failure(["tokenizer_config.json": text]) == "tokenizer_config.json: \(expected)")
    }

    @Test func aNamedTokenOutsideTheVocabulary() throws {
        #expect(
            try Self.failure(["special_tokens_map.json": #"{"pad_token": "[PAD]"}"#])
                == "vocab.json: the vocabulary does not have '[PAD]', the pad_token.")
    }

    @Test(arguments: [
        ("{}", "'model.vocab' must be there; it is missing."),
        (#"{"model": {"type": "Unigram"}}"#, #"'model.type' must be "BPE"; it is "Unigram"."#),
        (#"{"model": {"vocab": {}}}"#, "'model.merges' must be a list; it is missing or another kind of value."),
        (#"{"model": {"vocab": {"a": 0}, "merges": [["a"]]}}"#, #"'model.merges[0]' must be two tokens; it is ["a"]."#),
    ]) func brokenTokenizerJSON(_ text: String, _ expected: String) throws {
        #expect(try Self.failure(["tokenizer.json": text]) == "tokenizer.json: \(expected)")
    }
}
