import Foundation
import TensorStore
import TestSupport
import Testing

@testable import Tokenizers

/// What transformers' `CLIPTokenizer` says: `Tests/Goldens/Tokenizers/tokenizer/make.py`.
enum TokenizerGoldens {
    static let full = Result { () throws(TokenizerError) in try CLIPTokenizer(vocabulary: .clip()) }
    static let small = Result { () throws(TokenizerError) in try CLIPTokenizer(folder: smallFolder) }
    static let smallFolder = Goldens.url("Tokenizers/tokenizer/small")

    static func read(_ name: String) throws -> JSONValue {
        let file = try MappedFile(path: Goldens.url("Tokenizers/tokenizer/\(name)").path)
        return try JSONValue(parsing: withExtendedLifetime(file) { try Gzip.unpacked(file.bytes) })
    }

    static func ids(_ value: JSONValue?) throws -> [Int32] {
        try #require(value?.array).map { Int32(try #require($0.int)) }
    }

    /// Escaped, for messages.
    static func shown(_ text: String) -> String {
        text.unicodeScalars.map { $0.escaped(asASCII: true) }.joined()
    }
}

extension JSONValue {
    subscript(index: Int) -> JSONValue? { array.flatMap { $0.indices.contains(index) ? $0[index] : nil } }
}

/// A folder with these files that is removed afterwards.
func withTemporaryFolder<Value>(_ files: [String: String], _ body: (URL) throws -> Value) throws -> Value {
    let folder = FileManager.default.temporaryDirectory.appending(path: "tokenizer-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
    return try body(folder)
}
