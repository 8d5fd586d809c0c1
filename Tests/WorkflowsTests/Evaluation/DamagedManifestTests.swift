import Foundation
import TestSupport
import Testing
import Workflows

/// Well-formed lists with a part of them changed: each is read, or refused with the line.
@Suite struct DamagedManifestTests {
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    private static let tokens: [[UInt8]] =
        [
            "\"", "\\", "{", "}", "[", ":", ",", "\t", "\n", "\r", "\r\n", " ", "audio", "text", "path", "sentence", "\\u0000",
            "\\uD800",
            "../", "/", "~", "null", "1e999", "-", "\u{FEFF}", "é", "e\u{301}", "👩‍👩‍👧", "a.wav", "clips/", "",
        ].map { Array($0.utf8) } + [[0], [0xFF], [0xC3], [0xED, 0xA0, 0x80], Array(repeating: UInt8(ascii: "["), count: 200)]

    private static let lists = [
        (
            "set.jsonl",
            "{\"audio\": \"a.wav\", \"text\": \"één\", \"more\": [1, {\"x\": null}]}\n{\"text\": \"\", \"audio\": \"clips/b.wav\"}\n"
        ),
        ("set.tsv", "client_id\tpath\tsentence\n1\ta.wav\tx\n2\tb.wav\t\"y\n"),
        ("set.trans.txt", "a ONE TWO\nb THREE\n"),
    ]

    @Test(arguments: lists) func changedLists(_ name: String, _ content: String) throws {
        let folder = try TemporaryFolder()
        for recording in ["a.wav", "clips/a.wav", "clips/b.wav", "a.flac", "b.flac"] { try folder.write(recording, "x") }
        let url = folder.url.appending(path: name)
        let original = Array(content.utf8)
        var generator = Generator(state: 11)
        var outcomes: Set<String> = []
        for _ in 0..<4000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let start = Int.random(in: 0...bytes.count, using: &generator)
                let end = min(bytes.count, start + Int.random(in: 0...6, using: &generator))
                let token = Self.tokens.randomElement(using: &generator) ?? []
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes.replaceSubrange(start..<end, with: token)
                case 1: bytes.insert(contentsOf: token, at: start)
                case 2: bytes.insert(contentsOf: bytes[start..<end], at: start)
                default: bytes.removeSubrange(start..<end)
                }
            }
            try Data(bytes).write(to: url)
            let lineCount = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).count
            do {
                let samples = try SpeechManifest(path: url.path).samples
                #expect(!samples.isEmpty && samples.allSatisfy { FileManager.default.fileExists(atPath: $0.path) })
                #expect(samples.allSatisfy { (1...lineCount).contains($0.line) })
                outcomes.insert("read")
            } catch let error as SpeechManifestError {
                if case .lines(let errors) = error {
                    #expect(!errors.isEmpty && errors.allSatisfy { (1...lineCount).contains($0.line) })
                    outcomes.insert("lines")
                }
                #expect(!error.description.isEmpty)
            }
        }
        #expect(outcomes == ["read", "lines"])
    }
}
