public import Foundation
import Inference
import ModelLoading
import Tokenizers

/// The tokenizer in a folder: OpenVINO's models of it, or the files that Glint reads itself, of CLIP and Whisper.
public final class FolderTokenizer {
    private enum Kind {
        case models(tokenizer: TokenizerModel?, detokenizer: TokenizerModel?)
        case clip(CLIPTokenizer)
        case whisper(WhisperTokenizer)
    }

    private let folder: URL
    private let kind: Kind

    /// Whether a folder's tokenizer is run by the extension library.
    public static func needsLibrary(_ folder: URL) -> Bool { models.contains { exists($0, in: folder) } }

    private static let models = [TokenizerModel.tokenizerName, TokenizerModel.detokenizerName]

    private static func exists(_ name: String, in folder: URL) -> Bool {
        FileManager.default.fileExists(atPath: folder.appending(path: name).path)
    }

    /// - Parameter library: the path of the extension library (`TokenizersLibrary`); nil reads files alone.
    /// - Throws: `FolderTokenizerError`, `TokenizerError`, `TokenizerModelError`; `FileError`, `GraphError`, `OpenVINOError`.
    public init(_ folder: URL, library: String? = nil) throws {
        self.folder = folder
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder), isFolder.boolValue else {
            throw FolderTokenizerError.noFolder(folder.path)
        }
        kind =
            if let library, Self.needsLibrary(folder) {
                .models(
                    tokenizer: try Self.model(TokenizerModel.tokenizerName, in: folder, library),
                    detokenizer: try Self.model(TokenizerModel.detokenizerName, in: folder, library))
            } else {
                try Self.native(folder)
            }
    }

    private static func model(_ name: String, in folder: URL, _ library: String) throws -> TokenizerModel? {
        guard exists(name, in: folder) else { return nil }
        return try TokenizerModel(path: folder.appending(path: name).path, library: library)
    }

    private static func native(_ folder: URL) throws -> Kind {
        guard ["tokenizer.json", "vocab.json"].contains(where: { exists($0, in: folder) }) else {
            throw FolderTokenizerError.noTokenizer(folder.path)
        }
        // Only Whisper's has a token for the beginning of a transcript.
        do {
            return .whisper(try WhisperTokenizer(folder: folder))
        } catch {
            guard case .missingSpecialToken = error else { throw error }
        }
        return .clip(try CLIPTokenizer(folder: folder))
    }

    /// The ids of each text, with the tokens that begin and end it.
    /// - Parameter maxLength: the most ids of a text; the end token is kept.
    public func encode(_ texts: [String], maxLength: Int? = nil) async throws -> [[Int]] {
        switch kind {
        case .models(let tokenizer, _):
            guard let tokenizer else { throw FolderTokenizerError.missing(TokenizerModel.tokenizerName, in: folder.path) }
            return try await tokenizer.encode(texts, maxLength: maxLength)
        case .clip(let tokenizer):
            return texts.map { text in
                let ids = maxLength.map { tokenizer.encode(text, maxLength: $0, padded: false).ids } ?? tokenizer.encode(text).ids
                return ids.map(Int.init)
            }
        case .whisper(let tokenizer):
            return try texts.map { text in
                let ids = tokenizer.encode(text).map(Int.init)
                let start = try tokenizer.startSequence().prefix(1).map(Int.init) + [Int(tokenizer.special.noTimestamps)]
                let (end, room) = (Int(tokenizer.special.endOfText), maxLength.map { max(0, $0 - start.count - 1) })
                return start + (room.map { Array(ids.prefix($0)) } ?? ids) + [end]
            }
        }
    }

    /// The text of each list of ids.
    public func decode(_ ids: [[Int]]) async throws -> [String] {
        if let wrong = ids.joined().first(where: { Int32(exactly: $0) == nil || $0 < 0 }) {
            throw TokenizerModelError.id(wrong, file: folder.path)
        }
        switch kind {
        case .models(_, let detokenizer):
            guard let detokenizer else { throw FolderTokenizerError.missing(TokenizerModel.detokenizerName, in: folder.path) }
            return try await detokenizer.decode(ids)
        case .clip(let tokenizer): return ids.map { tokenizer.decode($0.map(Int32.init)) }
        case .whisper(let tokenizer): return ids.map { tokenizer.decode($0.map(Int32.init)) }
        }
    }
}

/// A folder without the tokenizer that is asked for.
public enum FolderTokenizerError: Error, Equatable, CustomStringConvertible {
    case noFolder(String)
    case noTokenizer(String)
    case missing(String, in: String)

    public var description: String {
        switch self {
        case .noFolder(let path): "There is no folder \(path)."
        case .noTokenizer(let path):
            "\(path) has no tokenizer: expected \(TokenizerModel.tokenizerName) or \(TokenizerModel.detokenizerName), as convert_tokenizer "
                + "of openvino_tokenizers writes them, or tokenizer.json, or vocab.json and merges.txt."
        case .missing(let name, let path):
            "\(path) has no \(name); convert_tokenizer of openvino_tokenizers writes it (with_detokenizer for the way back)."
        }
    }
}
