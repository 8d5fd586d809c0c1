public import Diffusion
import Foundation

extension GenerationDescription {
    /// The description with every path replaced; a LoRA's scale and an inversion's word stay behind theirs.
    /// - Parameter change: the new path for a path, which for the default model is empty.
    func replacingPaths(_ change: (String, PathKind) -> String) -> GenerationDescription {
        func changed(_ source: ImageSource) -> ImageSource {
            if case .file(let path) = source { .file(change(path, .file)) } else { source }
        }
        func changed(_ text: String, _ split: (String) -> (String, String?)) -> String {
            let (path, suffix) = split(text)
            return change(path, .file) + (suffix.map { ":\($0)" } ?? "")
        }
        var own = self
        let path = change(model.model ?? "", .model)
        own.model.model = path.isEmpty ? nil : path
        own.model.vae = model.vae.map { change($0, .file) }
        own.model.unet = model.unet.map { change($0, .file) }
        own.model.floatModel = model.floatModel.map { change($0, .model) }
        own.model.loras = model.loras?.map { changed($0) { $0.splitSuffix { Float($0) == nil ? nil : $0 } } }
        own.model.embeddings = model.embeddings?.map { changed($0, \.splitWord) }
        own.request.image = request.image.map(changed)
        own.request.mask = request.mask.map(changed)
        if case .file(let path, let steps) = request.noise { own.request.noise = .file(change(path, .file), steps: steps) }
        return own
    }

    /// The paths that a description names; an empty one for the default model.
    public var paths: [String] { pathKinds.keys.sorted() }

    private var pathKinds: [String: PathKind] {
        var kinds: [String: PathKind] = [:]
        _ = replacingPaths { path, kind in
            kinds[path] = kind
            return path
        }
        return kinds
    }

    /// The files that a description names, each once.
    /// - Parameter fingerprints: keeps those of files that are unchanged.
    func fileRecords(_ fingerprints: inout Fingerprints) -> [FileRecord] {
        let named = pathKinds.sorted { $0.key < $1.key }.map { (name: $0.key, url: try? $0.value.url($0.key)) }
        let tagged = ((try? PromptLoRA.all(in: self)) ?? []).map { (name: $0.recordName, url: Optional(URL(filePath: $0.path))) }
        return (named + tagged).compactMap { name, url in
            guard let url, let fingerprint = fingerprints.of(url) else { return nil }
            return FileRecord(name: name, path: url.standardizedFileURL.path, fingerprint: fingerprint)
        }
    }

    /// The description with the folder where the LoRAs of its prompts were, if they are not found otherwise.
    private func locatingPromptLoRAs() -> GenerationDescription {
        guard (try? PromptLoRA.all(in: self)) == nil,
            let record = files?.first(where: \.isPromptLoRA)
        else { return self }
        var own = self
        own.model.loraDir = URL(filePath: record.path).deletingLastPathComponent().path
        return (try? PromptLoRA.all(in: own)) == nil ? self : own
    }

    /// The description with paths to where its files are now: under their names, if the content is the recorded one; else where
    /// they were, or beside the picture, or, for models, in one of the folders where models usually are.
    ///
    /// A file whose content is nowhere is the one that has its name or its place now.
    /// - Parameter picture: the path of the picture that the description was read from.
    /// - Returns: a note for each file that is elsewhere or has changed, with its path.
    func locatingFiles(picture: String) -> (GenerationDescription, notes: [(path: String, text: String)]) {
        let records = Dictionary((files ?? []).map { ($0.name, $0) }) { first, _ in first }
        var fingerprints = Fingerprints()
        var notes: [(path: String, text: String)] = []
        let located = replacingPaths { name, kind in
            guard let record = records[name] else { return name }
            if let path = record.located(kind, beside: picture, &fingerprints) {
                if path != name, path != record.path { notes.append((path, "\(record.path) is now \(path).")) }
                return path
            }
            let path = record.replacement(kind)
            if let url = try? kind.url(path), FileManager.default.fileExists(atPath: url.path) {
                notes.append(
                    (path, "\(path.isEmpty ? "The default model" : path) has changed since \(picture) was drawn with it."))
            }
            return path
        }
        return (located.locatingPromptLoRAs(), notes)
    }
}

/// A path's meaning.
enum PathKind {
    case file
    /// A folder, a file, or a name in the hub's cache.
    case model

    func url(_ path: String) throws -> URL {
        switch self {
        case .file: try ModelLocation.file(path, of: "path")
        case .model: try ModelLocation.resolve(path.isEmpty ? nil : path)
        }
    }
}

extension FileRecord {
    /// Whether it is of a LoRA that a prompt names.
    var isPromptLoRA: Bool { name.hasPrefix(PromptLoRA.recordPrefix) }

    /// The path under which the content is found now; nil where it isn't.
    fileprivate func located(_ kind: PathKind, beside picture: String, _ fingerprints: inout Fingerprints) -> String? {
        if let url = try? kind.url(name), fingerprints.of(url) == fingerprint { return name }
        let place = URL(filePath: picture).deletingLastPathComponent()
        let last = URL(filePath: path).lastPathComponent
        var candidates = [URL(filePath: path), place.appending(path: last)]
        if !name.hasPrefix("/"), !name.isEmpty { candidates.append(place.appending(path: name)) }
        if kind == .model { candidates += Self.models(near: [URL(filePath: path), URL(filePath: picture)], named: last) }
        // Paths that are equal are read once.
        return candidates.first { fingerprints.of($0) == fingerprint }.map(\.standardizedFileURL.path)
    }

    /// The path to use in place of a content that is nowhere: the name, if there is such a file or it is one of the hub's; else the
    /// place, which tells more than a name in another folder.
    fileprivate func replacement(_ kind: PathKind) -> String {
        let exists = (try? kind.url(name)).map { FileManager.default.fileExists(atPath: $0.path) } == true
        return exists || name.isEmpty || path.contains("/snapshots/") ? name : path
    }

    /// Folders and files that may be a model which was at `paths[0]`, those of its name first.
    private static func models(near paths: [URL], named name: String) -> [URL] {
        let places =
            paths.flatMap { path in
                [path.deletingLastPathComponent(), path.deletingLastPathComponent().deletingLastPathComponent()]
            }
            + [
                URL(filePath: "."), URL(filePath: "models"), URL(filePath: "Models"),
                ModelLocation.home.appending(path: "models"),
            ]
        let found = places.flatMap { place in
            let names = ((try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []).sorted()
            return names.prefix(searchLimit).map { place.appending(path: $0) }.filter(isModel)
        }
        let all = found + ((try? ModelLocation.resolve(nil)).map { [$0] } ?? [])
        return all.filter { $0.lastPathComponent == name } + all.filter { $0.lastPathComponent != name }
    }

    private static let searchLimit = 200

    private static func isModel(_ url: URL) -> Bool {
        url.pathExtension == "safetensors" || FileManager.default.fileExists(atPath: url.appending(path: "model_index.json").path)
    }
}
