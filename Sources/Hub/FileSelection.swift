import Glibc
import TensorStore

/// The files of a repository to download.
///
/// The default is all that Glint reads, without duplicates. In diffusers' layout these are the components named by
/// `model_index.json`, each with its configuration, vocabulary and one form of its weights (`.safetensors`, else OpenVINO
/// IR). In any other repository they are the same files of the root, and all other `.safetensors` there (LoRAs, single-file
/// checkpoints). Pickles (`.bin`, `.ckpt`, `.pt`), ONNX, Flax, TensorFlow, pictures, and single-file checkpoints beside
/// diffusers' layout are skipped.
public struct FileSelection: Sendable, Equatable {
    public enum Variant: Sendable, Equatable {
        /// The variant in the cache, else `fp16`, else the full one. `fp16` halves the download with no visible difference.
        case automatic
        /// The weights that `from_pretrained` loads without `variant`, mostly f32.
        case full
        /// The weights of `from_pretrained(variant:)`; components without this variant in full precision.
        case named(String)
    }

    public var variant = Variant.automatic
    /// Exact paths; used if not empty.
    public var files: [String] = []
    /// Patterns of files to include; used if not empty. `*` also matches `/`, as in `hf download`.
    public var include: [String] = []
    /// Patterns of files to skip.
    public var exclude: [String] = []

    public init() {}

    /// Selects files.
    /// - Parameters:
    ///   - isCached: whether the cache has a file's content.
    ///   - read: downloads and parses a JSON file.
    /// - Returns: files sorted by path, and remarks for the user.
    /// - Throws: `HubError`, and the errors of `read`.
    func choose(
        from all: [RemoteFile], of repository: String, isCached: (RemoteFile) -> Bool,
        read: (RemoteFile) async throws -> JSONValue
    ) async throws -> (files: [RemoteFile], notes: [String]) {
        let allowed = all.filter { file in !exclude.contains { Self.matches(file.path, $0) } }
        var chosen: [RemoteFile] = []
        var notes: [String] = []
        if !files.isEmpty {
            for path in Set(files) { chosen.append(try Self.file(path, in: allowed, of: repository)) }
        }
        if !include.isEmpty { chosen += allowed.filter { file in include.contains { Self.matches(file.path, $0) } } }
        if files.isEmpty && include.isEmpty {
            let layout = RepositoryLayout(files: allowed, repository: repository, variant: variant)
            (chosen, notes) = try await layout.choose(isCached: isCached, read: read)
        }
        guard !chosen.isEmpty else {
            throw HubError.nothingSelected(repository: repository, reason: Self.reason(of: self, for: all))
        }
        return (Set(chosen).sorted { $0.path < $1.path }, notes)
    }

    private static func reason(of selection: FileSelection, for all: [RemoteFile]) -> String {
        if all.isEmpty { return "it has no files" }
        if !selection.include.isEmpty { return "no file matches --include \(selection.include.joined(separator: ", "))" }
        if !selection.exclude.isEmpty { return "--exclude matches all files" }
        let names = all.map(\.path).sorted().prefix(6).joined(separator: ", ")
        return "it has neither .safetensors nor openvino_*.xml, but \(names)\(all.count > 6 ? " …" : "")"
    }

    private static func file(_ path: String, in all: [RemoteFile], of repository: String) throws(HubError) -> RemoteFile {
        if let file = all.first(where: { $0.path == path }) { return file }
        let name = path.split(separator: "/").last?.lowercased() ?? ""
        let similar = all.filter { $0.name.lowercased() == name || $0.path.hasSuffix(".safetensors") }.map(\.path)
        throw .noSuchFile(path: path, repository: repository, similar: similar.sorted())
    }

    /// Matches like Python's `fnmatch`. A pattern ending with `/` matches a folder's files.
    static func matches(_ path: String, _ pattern: String) -> Bool {
        fnmatch(pattern.hasSuffix("/") ? pattern + "*" : pattern, path, FNM_NOESCAPE) == 0
    }
}
