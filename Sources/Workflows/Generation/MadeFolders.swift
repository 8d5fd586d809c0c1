import Foundation
import Imaging

/// Folders created for output files; those that stay empty are removed.
struct MadeFolders {
    /// Paths from the outermost folder inwards.
    private var paths: [String] = []

    init() {}

    /// Creates a folder and its missing parents.
    /// - Throws: `ImageError.cannotWrite`; folders created by then are removed.
    init(path: String) throws(ImageError) {
        var missing: [String] = []
        var next = URL(filePath: path).standardizedFileURL
        while !FileManager.default.fileExists(atPath: next.path), next.path != "/" {
            missing.append(next.path)
            next.deleteLastPathComponent()
        }
        for folder in missing.reversed() {
            guard mkdir(folder, 0o777) == 0 else {
                let code = errno
                removeIfEmpty()
                throw .cannotWrite(file: path, errno: code)
            }
            paths.append(folder)
        }
    }

    func removeIfEmpty() {
        for path in paths.reversed() { rmdir(path) }
    }
}
