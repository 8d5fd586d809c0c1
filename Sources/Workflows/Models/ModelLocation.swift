import Foundation
import Hub
import ModelLoading

/// Where models are.
enum ModelLocation {
    /// The folder or file of the model that was asked for, or of the one in the repository.
    ///
    /// `owner/name[@revision]` that is no path here is looked for in the hub's cache.
    static func resolve(_ path: String?) throws -> URL {
        guard let path else { return try standard() }
        let url = try file(path, of: "The model's name")
        if FileManager.default.fileExists(atPath: url.path) { return url }
        guard let reference = try? RepositoryReference(path) else { throw ModelError.missing(path: url.path) }
        guard let pulled = HubCache.standard.snapshot(of: reference) else { throw ModelLocationError.notPulled(path) }
        return pulled
    }

    /// A path as a user gives it.
    /// - Throws: `ModelLocationError.empty`, which names the option.
    static func file(_ path: String, of option: String) throws(ModelLocationError) -> URL {
        guard !path.isEmpty else { throw .empty(option: option) }
        return URL(filePath: NSString(string: path).expandingTildeInPath)
    }

    private static func standard() throws -> URL {
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

enum ModelLocationError: Error, CustomStringConvertible {
    /// A path that is none, which would stand for the folder that the program runs in.
    case empty(option: String)
    /// Neither a path, nor a repository in the cache.
    case notPulled(String)

    var description: String {
        switch self {
        case .empty(let option): "\(option) is empty; name a file or a folder."
        case .notPulled(let name):
            "There is no file or folder '\(name)', and no model of that name in the hub's cache; to bring one: glint pull \(name)"
        }
    }
}
