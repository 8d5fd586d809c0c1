import TensorStore

/// The files of one network, tokenizer or scheduler, without those in subfolders.
struct ComponentFiles {
    /// Name of the component in messages.
    let place: String
    let isOptional: Bool
    private let files: [RemoteFile]
    private let repository: String

    init(_ files: [RemoteFile], place: String, repository: String, isOptional: Bool = false) {
        self.files = files
        self.place = place
        self.repository = repository
        self.isOptional = isOptional
    }

    /// Files of configuration and vocabulary.
    var texts: [RemoteFile] {
        let names: Set = ["merges.txt", "vocab.txt", "added_tokens.txt"]
        return files.filter { file in
            if file.name.hasSuffix(".json") { return !file.name.contains(".index.") }
            return file.name.hasSuffix(".model") || file.name.hasSuffix(".jinja") || names.contains(file.name)
        }
    }

    // MARK: Safetensors

    private var named: [WeightsFile] { files.compactMap(WeightsFile.init) }

    /// Weights in each available form: one file, or an index and its shards.
    var variants: Set<String> { Set(named.filter { $0.role != .shard }.map(\.variant)) }

    /// `.safetensors` files with other names.
    var otherWeights: [RemoteFile] { files.filter { $0.name.hasSuffix(".safetensors") && WeightsFile($0) == nil } }

    /// Variant to download; nil if there are no weights.
    func form(_ asked: FileSelection.Variant, isCached: (RemoteFile) -> Bool) -> String? {
        let variants = variants
        func first(_ names: [String]) -> String? { names.first(where: variants.contains) }
        switch asked {
        case .full: return first(["", "fp16"])
        case .named(let name): return first([name, ""])
        case .automatic:
            let cached = ["", "fp16"].first { name in
                let files = parts(of: name)
                return !files.isEmpty && files.allSatisfy { isCached($0.remote) }
            }
            return cached ?? first(["fp16", ""])
        }
    }

    /// All files of a variant: the single file, or the index and every shard.
    private func parts(of variant: String) -> [WeightsFile] {
        let parts = named.filter { $0.variant == variant }
        let whole = parts.filter { $0.role == .whole }
        return whole.isEmpty ? parts : whole
    }

    /// Files of a variant. If it is sharded, only the shards that the index names.
    func weights(_ variant: String, read: (RemoteFile) async throws -> JSONValue) async throws -> [RemoteFile] {
        let parts = parts(of: variant)
        guard let index = parts.first(where: { $0.role == .index }) else { return parts.map(\.remote) }
        guard let map = try await read(index.remote)["weight_map"]?.object else {
            throw HubError.unexpectedAnswer(url: index.remote.path, reason: "it has no 'weight_map'")
        }
        var chosen = [index.remote]
        for name in Set(map.values.compactMap(\.string)).sorted() {
            guard let file = files.first(where: { $0.name == name }) else {
                throw HubError.noSuchFile(
                    path: index.remote.folder.isEmpty ? name : "\(index.remote.folder)/\(name)", repository: repository,
                    similar: parts.filter { $0.role == .shard }.map(\.remote.path))
            }
            chosen.append(file)
        }
        return chosen
    }

    /// Weights in formats that Glint does not read.
    var unreadable: [RemoteFile] {
        files.filter { file in
            // The .bin file of an IR.
            guard !file.name.hasPrefix("openvino_") else { return false }
            return [".bin", ".ckpt", ".pt", ".pth", ".msgpack", ".h5", ".onnx", ".gguf"].contains(where: file.name.hasSuffix)
        }
    }

    // MARK: OpenVINO IR

    /// Networks as IR, without the graphs of tokenizers.
    var networks: [RemoteFile] { files.filter(\.isNetworkIR) }

    func networkFiles() throws(HubError) -> [RemoteFile] {
        var chosen: [RemoteFile] = []
        for network in networks {
            let name = String(network.name.dropLast(4)) + ".bin"
            guard let weights = files.first(where: { $0.name == name }) else {
                throw .noSuchFile(
                    path: String(network.path.dropLast(4)) + ".bin", repository: repository, similar: [network.path])
            }
            chosen += [network, weights]
        }
        return chosen
    }

    func tokenizerNetworkFiles() -> [RemoteFile] {
        files.filter { file in
            ["openvino_tokenizer", "openvino_detokenizer"].contains { file.name == "\($0).xml" || file.name == "\($0).bin" }
        }
    }
}

extension RemoteFile {
    /// Whether this is a network exported by optimum-intel.
    var isNetworkIR: Bool {
        name.hasPrefix("openvino_") && name.hasSuffix(".xml") && !name.hasSuffix("tokenizer.xml")
    }
}

/// A weights file with a standard name.
struct WeightsFile {
    let remote: RemoteFile
    private let name: CheckpointName

    var role: CheckpointName.Role { name.role }
    var variant: String { name.variant }

    /// - Returns: nil for any other file.
    init?(_ file: RemoteFile) {
        guard let name = CheckpointName(file.name) else { return nil }
        remote = file
        self.name = name
    }
}
