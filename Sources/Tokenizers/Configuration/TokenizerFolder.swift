import Foundation
import TensorStore

/// The files of a tokenizer's folder, tokenizer.json parsed once.
struct TokenizerFolder {
    private let url: URL
    /// nil where the folder has none.
    let tokenizerJSON: JSONValue?

    init(_ url: URL) throws(TokenizerError) {
        self.url = url
        tokenizerJSON = try Self.json(url.appending(path: "tokenizer.json").path)
    }

    var path: String { url.path }

    func path(_ name: String) -> String { url.appending(path: name).path }

    /// nil where there is no such file.
    func file(_ name: String) throws(TokenizerError) -> MappedFile? { try Self.file(path(name)) }

    /// nil where there is no such file.
    func json(_ name: String) throws(TokenizerError) -> JSONValue? { try Self.json(path(name)) }

    private static func file(_ path: String) throws(TokenizerError) -> MappedFile? {
        do {
            return try MappedFile(path: path)
        } catch {
            if case .missing = error { return nil }
            throw .file(error)
        }
    }

    private static func json(_ path: String) throws(TokenizerError) -> JSONValue? {
        guard let file = try file(path) else { return nil }
        do {
            return try withExtendedLifetime(file) { () throws(JSONError) in try JSONValue(parsing: file.bytes) }
        } catch {
            throw .json(file: path, error)
        }
    }
}
