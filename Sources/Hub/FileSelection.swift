import Glibc
import TensorStore

/// Which files of a repository are brought.
///
/// By itself, what Glint reads and nothing twice: of a repository in diffusers' layout the components that `model_index.json`
/// names, of each its configuration, vocabulary and one form of its weights (`.safetensors`, else OpenVINO IR); of any other
/// the same of its root, and every other `.safetensors` there (LoRAs, single-file checkpoints). Never pickles (`.bin`, `.ckpt`,
/// `.pt`), ONNX, Flax, TensorFlow, pictures, or a single-file checkpoint beside diffusers' layout.
public struct FileSelection: Sendable, Equatable {
    public enum Variant: Sendable, Equatable {
        /// What is in the cache already, else `fp16`, else the full one: half the download for the same picture to the eye.
        case automatic
        /// As `from_pretrained` loads without `variant`, mostly f32.
        case full
        /// As `from_pretrained(variant:)`; components without it come in full.
        case named(String)
    }

    public var variant = Variant.automatic
    /// Exactly these, where not empty.
    public var files: [String] = []
    /// Where not empty, all files that match one of these; `*` matches `/` too, as for `hf download`.
    public var include: [String] = []
    /// Files that match one of these are left out.
    public var exclude: [String] = []

    public init() {}

    /// - Parameters:
    ///   - isCached: whether a file's content is there already.
    ///   - read: brings a file and reads it.
    /// - Returns: files by path, and what is worth saying about the choice.
    /// - Throws: `HubError`, and what `read` throws.
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
        if !selection.exclude.isEmpty { return "--exclude leaves nothing" }
        let names = all.map(\.path).sorted().prefix(6).joined(separator: ", ")
        return "it has neither .safetensors nor openvino_*.xml, but \(names)\(all.count > 6 ? " …" : "")"
    }

    private static func file(_ path: String, in all: [RemoteFile], of repository: String) throws(HubError) -> RemoteFile {
        if let file = all.first(where: { $0.path == path }) { return file }
        let name = path.split(separator: "/").last?.lowercased() ?? ""
        let similar = all.filter { $0.name.lowercased() == name || $0.path.hasSuffix(".safetensors") }.map(\.path)
        throw .noSuchFile(path: path, repository: repository, similar: similar.sorted())
    }

    /// As Python's `fnmatch`; a pattern that ends with `/` is a folder.
    static func matches(_ path: String, _ pattern: String) -> Bool {
        fnmatch(pattern.hasSuffix("/") ? pattern + "*" : pattern, path, FNM_NOESCAPE) == 0
    }
}
