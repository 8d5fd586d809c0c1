import Foundation
import Inference
import TensorStore
import TestSupport
import Testing

@testable import Workflows

/// Tokenizers as OpenVINO models: `Tests/Goldens/Tokenizers/openvino/make.py`.
@Suite(
    .serialized,
    .enabled(if: library != nil, "set GLINT_TOKENIZERS_LIBRARY to libopenvino_tokenizers.so, as make test-extra does"))
struct TokenizerModelTests {
    private let path: String

    init() throws { path = try #require(library) }

    private static func folder(_ name: String) -> URL { Goldens.url("Tokenizers/openvino/\(name)") }

    private static func cases(_ name: String) throws -> [(text: String, ids: [Int], decoded: String)] {
        let cases = try JSONValue(parsing: Data(contentsOf: folder(name).appending(path: "cases.json")))
        return try #require(cases.array).map {
            (try #require($0["text"]?.string), try #require($0["ids"]?.list(\.int)), try #require($0["decoded"]?.string))
        }
    }

    @Test(arguments: ["whisper", "word-pieces"]) func idsAndTextsAreThoseOfPython(_ name: String) async throws {
        let (tokenizer, cases) = (try FolderTokenizer(Self.folder(name), library: path), try Self.cases(name))
        #expect(cases.count > 6)
        // One call: rows are padded, and come without padding.
        #expect(try await tokenizer.encode(cases.map(\.text)) == cases.map(\.ids))
        #expect(try await tokenizer.decode(cases.map(\.ids)) == cases.map(\.decoded))
        for (text, ids, _) in cases { #expect(try await tokenizer.encode([text]) == [ids]) }
        #expect(try await tokenizer.encode([]).isEmpty)
        #expect(try await tokenizer.decode([[]]) == [""])
    }

    /// Texts over 77 tokens keep the end token.
    @Test func longTextsAreCut() async throws {
        let tokenizer = try FolderTokenizer(Self.folder("whisper"), library: path)
        let text = String(repeating: "word ", count: 90)
        let whole = try await tokenizer.encode([text])[0]
        let cut = try await tokenizer.encode([text, "a"], maxLength: 77)
        #expect(whole.count > 77 && cut[0].count == 77 && cut[0].dropLast() == whole.prefix(76) && cut[0].last == whole.last)
        #expect(cut[1].count < 77)
    }

    /// The ids are those of the native tokenizers, of the strings of their own tests.
    @Test func agreesWithTheNativeTokenizers() async throws {
        let texts = [
            "a smiling face with sunglasses", "Two  CATS, don't!", "", "1234", String(repeating: "word ", count: 40),
            "C'est la vie…",
        ]
        let whisper = try FolderTokenizer(Self.folder("whisper"), library: path)
        let native = try FolderTokenizer(Goldens.url("Tokenizers/whisper/multilingual"))
        #expect(try await whisper.encode(texts) == native.encode(texts))
        let ids = try await native.encode(texts)
        let plain = try await native.decode(ids)
        #expect(try await whisper.decode(ids) == plain)
        let clip = try TokenizerModel(
            path: Goldens.url("ModelLoading/optimum/tokenizer/openvino_tokenizer.xml").path, library: path)
        let nativeCLIP = try FolderTokenizer(Goldens.url("Tokenizers/tokenizer/small"))
        #expect(try await clip.encode(texts) == nativeCLIP.encode(texts))
        #expect(try await clip.encode(texts, maxLength: 8) == nativeCLIP.encode(texts, maxLength: 8))
    }

    @Test func wrongModels() async throws {
        let folder = try TemporaryFolder()
        let files = FileManager.default
        for part in ["xml", "bin"] {
            // A detokenizer where a tokenizer should be.
            try files.copyItem(
                at: Self.folder("whisper").appending(path: "openvino_detokenizer.\(part)"),
                to: folder.url.appending(path: "openvino_tokenizer.\(part)"))
        }
        let swapped = try FolderTokenizer(folder.url, library: path)
        await #expect(throws: TokenizerModelError.self) { try await swapped.encode(["a"]) }
        await #expect(throws: FolderTokenizerError.self) { try await swapped.decode([[1]]) }
        let right = try FolderTokenizer(Self.folder("whisper"), library: path)
        await #expect(throws: TokenizerModelError.self) { try await right.decode([[-1]]) }
        // Strings end at a NUL for the C interface.
        await #expect(throws: (any Error).self) { try await right.encode(["a\0b"]) }
        try folder.write("openvino_tokenizer.xml", "<net/>")
        #expect(throws: (any Error).self) { try FolderTokenizer(folder.url, library: path) }
        let text = try String(
            contentsOf: Self.folder("whisper").appending(path: "openvino_tokenizer.xml"), encoding: .utf8)
        // Readers of the runtime end the process at a variable without a name.
        try folder.write("openvino_tokenizer.xml", text.replacing(/variable_id="[^"]*"/, with: ""))
        #expect(throws: (any Error).self) { try FolderTokenizer(folder.url, library: path) }
    }
}

/// Without OpenVINO's models the library is not needed.
@Suite struct FolderTokenizerTests {
    @Test func nativeTokenizers() async throws {
        let clip = try FolderTokenizer(Goldens.url("Tokenizers/tokenizer/small"))
        let ids = try await clip.encode(["a cat", "a cat with many words after it"], maxLength: 6)
        #expect(ids[0].count <= 6 && ids[1].count == 6 && ids[0].first == ids[1].first && ids[0].last == ids[1].last)
        #expect(try await clip.decode([ids[0]])[0].contains("cat"))
        let whisper = try FolderTokenizer(Goldens.url("Tokenizers/whisper/multilingual"))
        #expect(try await whisper.decode(whisper.encode(["Hello there"])) == ["Hello there"])
        await #expect(throws: TokenizerModelError.self) { try await whisper.decode([[1 << 40]]) }
    }

    @Test func foldersWithout() throws {
        let folder = try TemporaryFolder()
        #expect(throws: FolderTokenizerError.noTokenizer(folder.url.path)) { try FolderTokenizer(folder.url) }
        #expect(throws: FolderTokenizerError.noFolder("/nowhere")) { try FolderTokenizer(URL(filePath: "/nowhere")) }
    }
}

private let library = ProcessInfo.processInfo.environment["GLINT_TOKENIZERS_LIBRARY"]
