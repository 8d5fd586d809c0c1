import Foundation
import TestSupport

/// Runs `body` with a folder that is gone afterwards.
func withTemporaryFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "TensorStoreTests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
}

extension String {
    /// Writes a file in the folder that this is the path of.
    func write(_ name: String, _ content: [UInt8]) throws -> String {
        try Data(content).write(to: URL(filePath: self + "/" + name))
        return self + "/" + name
    }

    func write(_ name: String, _ content: String) throws -> String { try write(name, Array(content.utf8)) }

    /// The file or folder of this name in `Tests/Goldens/TensorStore`.
    var golden: String { Goldens.url("TensorStore/" + self).path }
}

/// The bytes of the file at `path`.
func content(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }
