import Foundation
import Imaging

/// Folders that were made for files, and are removed where no file comes to be.
struct MadeFolders {
    /// From the outermost one inwards.
    private var paths: [String] = []

    init() {}

    /// Makes a folder, and the missing ones above it.
    /// - Throws: `ImageError.cannotWrite`, after which no folder is left that was made.
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
