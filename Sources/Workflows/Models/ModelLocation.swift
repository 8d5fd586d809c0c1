public import Foundation
import Hub
import ModelLoading

/// Finds a model by its name or path.
public enum ModelLocation {
    /// The folder or file of a model; nil stands for the default model.
    ///
    /// `owner/name[@revision]` is looked up in the hub's cache if no file has that name.
    /// - Throws: `ModelLocationError`; `ModelError.missing`.
    public static func resolve(_ path: String?) throws -> URL {
        guard let path else { return try standard() }
        let url = try file(path, of: "model")
        if FileManager.default.fileExists(atPath: url.path) { return url }
        guard let reference = try? RepositoryReference(path) else { throw ModelError.missing(path: url.path) }
        guard let pulled = HubCache.standard.snapshot(of: reference) else { throw ModelLocationError.notPulled(path) }
        return pulled
    }

    /// The URL of a path; `~` stands for the home folder.
    /// - Throws: `ModelLocationError.empty`, which names the option.
    public static func file(_ path: String, of option: String) throws(ModelLocationError) -> URL {
        guard !path.isEmpty else { throw .empty(option: option) }
        return URL(filePath: NSString(string: path).expandingTildeInPath)
    }

    /// The user's folder.
    static var home: URL { URL(filePath: NSString(string: "~").expandingTildeInPath) }

    /// The model in this project's repository, searched from the program's folder upwards.
    private static func standard() throws -> URL {
        let standard = "Models/emoji-lcm"
        var folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        while folder.path != "/" {
            let candidate = folder.appending(path: standard)
            if FileManager.default.fileExists(atPath: candidate.path) { return candidate }
            folder.deleteLastPathComponent()
        }
        throw ModelError.missing(path: standard)
    }
}

public enum ModelLocationError: Error, Equatable, CustomStringConvertible {
    /// An empty path, which would mean the current folder.
    case empty(option: String)
    /// Neither a path nor a repository in the cache.
    case notPulled(String)
    /// Steps in floating point need a floating-point model, and the folder names none.
    case noFloatModel(of: String)
    /// The text after a LoRA's file and a colon is no number.
    case scale(String, of: String)

    public var description: String {
        switch self {
        case .empty(let option): "\(option) is empty; name a file or a folder."
        case .noFloatModel(let path):
            "\(path) does not say what it was quantized from: give the model in floating point as float_model."
        case .scale(let text, let file): "The scale of the LoRA \(file) must be a number; it is '\(text)'."
        case .notPulled(let name):
            "There is no file or folder '\(name)', and no model of that name in the hub's cache; to download it: glint pull \(name)"
        }
    }
}
