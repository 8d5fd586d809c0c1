public import Foundation
public import TensorStore

/// Reads JSON files, most of them written by Python.
public enum JSONFile {
    /// A limit above the size of all known configs.
    private static let sizeLimit = 16 << 20

    /// - Throws: `FileError` where the file can't be read, `ModelError.malformed` where it is not JSON.
    public static func read(_ url: URL) throws -> JSONValue {
        let file = try MappedFile(path: url.path)
        guard file.byteCount <= sizeLimit else {
            throw ModelError.malformed(file: url.path, reason: "\(file.byteCount) bytes are too many for a config")
        }
        do {
            return try file.withUnsafeBytes { bytes in try JSONValue(parsingPython: bytes) }
        } catch {
            throw ModelError.malformed(file: url.path, reason: "\(error)")
        }
    }
}
