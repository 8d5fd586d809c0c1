import ArgumentParser
import Foundation
import Workflows

struct TokenizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Show the tokens of texts.",
        discussion: """
            The folder has openvino_tokenizer.xml, as convert_tokenizer of openvino_tokenizers and optimum-intel write it, of any kind of \
            tokenizer; or the files of CLIP's or Whisper's (tokenizer.json, or vocab.json and merges.txt).

              glint tokenize ~/models/sd15/tokenizer "a lighthouse at dawn"
              glint tokenize ~/models/bert --max-length 512 < lines.txt

            The first tokenizer in OpenVINO's format fetches the library that runs it. Environment: GLINT_TOKENIZERS_LIBRARY (the path \
            of that library), PIP_INDEX_URL, XDG_CACHE_HOME.
            """)

    @OptionGroup var source: TokenizerFolderOption
    @Argument(help: "Texts. (default: the lines of standard input)") var texts: [String] = []
    @Option(help: "The most tokens of a text, those at its ends included.") var maxLength: Int?
    @Flag(help: "Print one JSON object instead of a line for each text.") var json = false

    func validate() throws {
        if let maxLength, !(2...1_000_000).contains(maxLength) {
            throw ValidationError("--max-length must be from 2 to 1000000; it is \(maxLength).")
        }
    }

    func run() async throws {
        try await cancellingOnInterrupt {
            let tokenizer = try await source.tokenizer(readsInput: texts.isEmpty)
            let texts = texts.isEmpty ? standardInputLines() : texts
            let ids = try await tokenizer.encode(texts, maxLength: maxLength)
            if json {
                try print(jsonText(ids))
            } else {
                for ids in ids { try print(ids.map(String.init).joined(separator: " ")) }
            }
        }
    }
}

struct DetokenizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "detokenize",
        abstract: "Show the text of tokens.",
        discussion: """
            The folder has openvino_detokenizer.xml, or the files of CLIP's or Whisper's tokenizer; see glint tokenize --help.

              glint detokenize ~/models/sd15/tokenizer 320 11058 536
              glint tokenize ~/models/bert "a text" | glint detokenize ~/models/bert
            """)

    @OptionGroup var source: TokenizerFolderOption
    @Argument(help: "Ids of one text. (default: a text for each line of standard input)") var ids: [Int] = []
    @Flag(help: "Print one JSON object instead of a line for each text.") var json = false

    func run() async throws {
        try await cancellingOnInterrupt {
            let tokenizer = try await source.tokenizer(readsInput: ids.isEmpty)
            let texts = try await tokenizer.decode(ids.isEmpty ? standardInputLines().enumerated().map(Self.ids) : [ids])
            if json {
                try print(jsonText(texts))
            } else {
                for text in texts { try print(text) }
            }
        }
    }

    private static func ids(_ index: Int, _ line: String) throws -> [Int] {
        try line.split(whereSeparator: \.isWhitespace).map { word in
            guard let id = Int(word) else {
                throw ValidationError(
                    "Line \(index + 1) of standard input: '\(word)' is no id; give whole numbers between spaces.")
            }
            return id
        }
    }
}

/// The folder of a tokenizer.
struct TokenizerFolderOption: ParsableArguments {
    @Argument(help: "The tokenizer's folder.") var folder: String
    @OptionGroup(title: "Encryption") var keys: KeyOptions
    @OptionGroup(title: "Progress") var display: ProgressOptions

    /// - Parameter readsInput: whether the command reads standard input.
    func tokenizer(readsInput: Bool) async throws -> FolderTokenizer {
        try keys.install(readsInput: readsInput)
        let url = try ModelLocation.file(folder, of: "The folder")
        guard FolderTokenizer.needsLibrary(url) else { return try FolderTokenizer(url) }
        let bar = display.bar
        let progress = PullProgress(bar)
        defer { progress.finish() }
        let library = try await TokenizersLibrary().path { event in
            switch event {
            case .announcement(let text): bar.status(text)
            case .pull(let event): progress.show(event)
            }
        }
        return try FolderTokenizer(url, library: library)
    }
}

/// Lines of standard input, to its end.
private func standardInputLines() -> [String] {
    var lines: [String] = []
    while let line = readLine() { lines.append(line) }
    return lines
}
