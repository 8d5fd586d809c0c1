import Foundation
import ModelLoading

/// Where models are.
enum ModelLocation {
    /// The folder of the model that was asked for, or of the one in the repository.
    static func resolve(_ path: String?) throws -> URL {
        if let path { return URL(filePath: NSString(string: path).expandingTildeInPath) }
        let standard = "Models/emoji-lcm"
        // The program lies somewhere below the repository's root.
        var folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        while folder.path != "/" {
            let candidate = folder.appending(path: standard)
            if FileManager.default.fileExists(atPath: candidate.path) { return candidate }
            folder.deleteLastPathComponent()
        }
        throw ModelError.missing(path: standard)
    }
}
