import Foundation
import TensorStore
import TestSupport
import Testing

@testable import Tokenizers

/// What OpenAI's tokenizer says with small vocabularies: `Tests/Goldens/Tokenizers/whisper/make.py`.
private enum WhisperGoldens {
    static let cases = Result {
        let file = try MappedFile(path: Goldens.url("Tokenizers/whisper/cases.json.gz").path)
        return try JSONValue(parsing: withExtendedLifetime(file) { try Gzip.unpacked(file.bytes) })
    }

    static let names = ["multilingual", "english", "large-v3"]

    static func tokenizer(_ name: String) throws -> WhisperTokenizer {
        guard name == "large-v3" else { return try WhisperTokenizer(folder: Goldens.url("Tokenizers/whisper/\(name)")) }
        // The vocabulary of the multilingual models with a hundredth language and with timestamps, as its files have them.
        let files = try TokenizerFolder(Goldens.url("Tokenizers/whisper/multilingual"))
        let vocabulary = try BytePairVocabulary(files)
        let tokens =
            ["startoftranscript"] + WhisperLanguage.all.map(\.code)
            + ["translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps", "0.00", "0.02"]
        let first = vocabulary.tokens.count
        return try WhisperTokenizer(
            vocabulary: vocabulary,
            addedTokens: Dictionary(uniqueKeysWithValues: tokens.enumerated().map { (first + $0.offset, "<|\($0.element)|>") }))
    }

    static func list(_ name: String, _ key: String) throws -> [JSONValue] { try #require(cases.get()[name]?[key]?.array) }
}

@Suite struct WhisperTokenizerTests {
    @Test(arguments: WhisperGoldens.names) func specialTokens(_ name: String) throws {
        let tokenizer = try WhisperGoldens.tokenizer(name)
        let special = tokenizer.special
        let found = [
            special.endOfText, special.startOfTranscript, special.translate, special.transcribe, special.startOfLanguageModel,
            special.startOfPrevious, special.noSpeech, special.noTimestamps, special.timestampBegin,
            Int32(special.vocabularyCount),
        ]
        #expect(try found == TokenizerGoldens.ids(WhisperGoldens.cases.get()[name]?["special"]))
        #expect(tokenizer.isMultilingual == (name != "english"))
        #expect(try tokenizer.nonSpeechTokens == TokenizerGoldens.ids(WhisperGoldens.cases.get()[name]?["non_speech"]))
        let languages = try WhisperGoldens.list(name, "languages").map { ($0[0]?.string ?? "", Int32($0[1]?.int ?? -1)) }
        if tokenizer.isMultilingual {
            #expect(
                special.languages.map(\.language.code) == languages.map(\.0) && special.languages.map(\.id) == languages.map(\.1))
        }
        let start = try tokenizer.startSequence(language: #require(WhisperLanguage("French")), task: .translate)
        #expect(try start == TokenizerGoldens.ids(WhisperGoldens.cases.get()[name]?["start"]))
        #expect(special.languages.allSatisfy { special.language(of: $0.id) == $0.language })
        #expect(special.language(of: special.translate) == nil)
    }

    @Test(arguments: WhisperGoldens.names) func encoded(_ name: String) throws {
        let tokenizer = try WhisperGoldens.tokenizer(name)
        for item in try WhisperGoldens.list(name, "encoded") {
            let text = try #require(item[0]?.string)
            #expect(try tokenizer.encode(text) == TokenizerGoldens.ids(item[1]), "\(TokenizerGoldens.shown(text))")
        }
    }

    @Test(arguments: WhisperGoldens.names) func decodedAtOnceAndInParts(_ name: String) throws {
        let tokenizer = try WhisperGoldens.tokenizer(name)
        for item in try WhisperGoldens.list(name, "decoded") {
            let ids = try TokenizerGoldens.ids(item[0])
            let (text, all) = (try #require(item[1]?.string), try #require(item[2]?.string))
            for (rendering, expected) in [(WhisperTokenizer.Rendering.text, text), (.all, all)] {
                #expect(tokenizer.decode(ids, showing: rendering).utf8.elementsEqual(expected.utf8), "\(ids)")
                var stream = WhisperTextStream(tokenizer, showing: rendering)
                let parts = ids.map { stream.append($0) } + [stream.finish()]
                #expect(parts.joined().utf8.elementsEqual(expected.utf8), "\(ids): \(parts)")
            }
        }
    }

    @Test(arguments: WhisperGoldens.names) func words(_ name: String) throws {
        let tokenizer = try WhisperGoldens.tokenizer(name)
        let cases = try WhisperGoldens.list(name, "words")
        #expect(cases.count > 30)
        for item in cases {
            let ids = try TokenizerGoldens.ids(item[1])
            let language = item[0]?.string.flatMap { WhisperLanguage($0) }
            let words = tokenizer.words(of: ids, language: language)
            let (texts, tokens) = (try #require(item[2]?.array).compactMap(\.string), try #require(item[3]?.array))
            #expect(words.map(\.text).elementsEqual(texts) { $0.utf8.elementsEqual($1.utf8) }, "\(ids)")
            #expect(try words.map(\.tokens) == tokens.map { try TokenizerGoldens.ids($0) }, "\(ids)")
        }
    }

    /// A character shows when its last byte is there, not before and not later.
    @Test func streamsKeepIncompleteCharacters() throws {
        let tokenizer = try WhisperGoldens.tokenizer("english")
        var stream = WhisperTextStream(tokenizer, showing: .timestamps)
        func ids(_ bytes: [UInt8]) throws -> [Int32] {
            try bytes.map { try #require(tokenizer.bytePairs.table.id(String(ByteAlphabet.scalars[Int($0)]))) }
        }
        let fire = try ids(Array("🔥".utf8))
        #expect(fire.map { stream.append($0) } == ["", "", "", "🔥"])
        // A byte that can't continue the character ends it.
        #expect(try ids([0xF0, 0x9F, 0x41]).map { stream.append($0) } == ["", "", "\u{FFFD}A"])
        // No surrogates and no overlong forms: these are wrong at the second byte.
        #expect(try ids([0xED, 0xA0, 0x41]).map { stream.append($0) } == ["", "\u{FFFD}\u{FFFD}", "A"])
        #expect(try ids([0xC0, 0xFF]).map { stream.append($0) } == ["\u{FFFD}", "\u{FFFD}"])
        #expect(try ids([0xE2]).map { stream.append($0) } == [""] && stream.finish() == "\u{FFFD}" && stream.finish().isEmpty)
        let begin = tokenizer.special.timestampBegin
        #expect(
            [begin, begin + 54, begin + 1500, begin + 1501, -1].map { stream.append($0) } == [
                "<|0.00|>", "<|1.08|>", "<|30.00|>", "", "",
            ])
        #expect(tokenizer.decode([begin, fire[0], tokenizer.special.noTimestamps], showing: .timestamps) == "<|0.00|>\u{FFFD}")
        #expect(tokenizer.special.timestampIndex(begin + 54) == 54 && tokenizer.special.timestampIndex(begin - 1) == nil)
    }

    @Test func languages() throws {
        #expect(WhisperLanguage.all.count == 100 && Set(WhisperLanguage.all.map(\.code)).count == 100)
        for (text, code) in [
            ("EN", "en"), ("Haitian Creole", "ht"), ("flemish", "nl"), ("mandarin", "zh"), ("cantonese", "yue"),
            ("moldovan", "ro"),
        ] { #expect(WhisperLanguage(text)?.code == code) }
        #expect(WhisperLanguage("klingon") == nil && WhisperLanguage("") == nil)
        let cantonese = try #require(WhisperLanguage("yue"))
        let tokenizer = try WhisperGoldens.tokenizer("multilingual")
        #expect(throws: TokenizerError.self) { try tokenizer.startSequence(language: cantonese) }
        #expect(
            try tokenizer.startSequence() == [
                tokenizer.special.startOfTranscript, tokenizer.special.startOfTranscript + 1, tokenizer.special.transcribe,
            ])
        let english = try WhisperGoldens.tokenizer("english")
        #expect(try english.startSequence(language: cantonese) == [english.special.startOfTranscript])
    }

    @Test func missingMerges() throws {
        let vocabulary = BytePairVocabulary(
            tokens: ["a", "b", "c", "ab", "abc", "bc", "cab", "<|endoftext|>", ""], merges: ["a b", "c ab"])
        // "abc" is "ab" and "c" once "ab" is made, but "bc" is only made of what "ab" has left.
        #expect(try vocabulary.addingMissingMerges().merges == ["a b", "ab c", "b c", "c ab"])
    }

    // MARK: Wrong folders

    @Test func addedTokensMustContinueTheVocabulary() throws {
        let vocabulary = BytePairVocabulary(tokens: ["a", "b", "<|endoftext|>"], merges: [])
        #expect(throws: TokenizerError.addedTokenID("<|x|>", expected: 3, found: 4, file: "the vocabulary")) {
            try WhisperTokenizer(vocabulary: vocabulary, addedTokens: [4: "<|x|>"])
        }
        #expect(throws: TokenizerError.addedTokenID("a", expected: 0, found: 3, file: "the vocabulary")) {
            try WhisperTokenizer(vocabulary: vocabulary, addedTokens: [3: "a"])
        }
        #expect(
            throws: TokenizerError.missingSpecialToken(
                "<|startoftranscript|>", role: "startoftranscript token of Whisper", file: "the vocabulary")
        ) { try WhisperTokenizer(vocabulary: vocabulary, addedTokens: [:]) }
    }

    /// tiny.en and base as faster-whisper ships them.
    @Test(.enabled(if: OptionalMaterial.models.folder != nil), arguments: [("tiny.en", 51864), ("base", 51865)])
    func publishedTokenizers(_ name: String, _ count: Int) throws {
        let folder = try #require(OptionalMaterial.models.folder).appending(path: name)
        guard CLIPTokenizer.hasVocabulary(folder) else { return }
        let tokenizer = try WhisperTokenizer(folder: folder)
        #expect(
            tokenizer.special.languages.count == 99 && tokenizer.special.vocabularyCount == count
                && tokenizer.isMultilingual == (name == "base"))
        // A list of OpenAI's and faster-whisper's, in the config that CTranslate2 writes.
        let config = try MappedFile(path: folder.appending(path: "config.json").path)
        let listed = try withExtendedLifetime(config) { try JSONValue(parsing: config.bytes) }["suppress_ids"]
        let special = tokenizer.special
        let further = [
            special.transcribe, special.translate, special.startOfTranscript, special.startOfPrevious,
            special.startOfLanguageModel,
        ]
        #expect(try Set(tokenizer.nonSpeechTokens + further).isSubset(of: TokenizerGoldens.ids(listed) + further))
        guard let answers = try? MappedFile(path: folder.appending(path: "tokenizer-answers.json").path) else { return }
        let json = try withExtendedLifetime(answers) { try JSONValue(parsing: answers.bytes) }
        for (id, text) in try #require(json["decoded"]?.array).enumerated() {
            try #expect(tokenizer.decode([Int32(id)], showing: .all).utf8.elementsEqual(#require(text.string).utf8), "\(id)")
        }
        for item in try #require(json["encoded"]?.array) {
            let text = try #require(item[0]?.string)
            try #expect(tokenizer.encode(text) == TokenizerGoldens.ids(item[1]), "\(TokenizerGoldens.shown(text))")
        }
        for item in try #require(json["words"]?.array) {
            let ids = try TokenizerGoldens.ids(item[1])
            let words = tokenizer.words(of: ids, language: item[0]?.string.flatMap { WhisperLanguage($0) })
            #expect(
                words.map(\.text).elementsEqual(item[2]?.array?.compactMap(\.string) ?? []) { $0.utf8.elementsEqual($1.utf8) },
                "\(ids)")
        }
        #expect(try tokenizer.nonSpeechTokens == TokenizerGoldens.ids(json["non_speech"]))
    }
}
