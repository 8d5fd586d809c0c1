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

/// A weights file with a standard name: `model.safetensors`, `diffusion_pytorch_model.fp16.safetensors`,
/// `model-00001-of-00002.safetensors`, `diffusion_pytorch_model.safetensors.index.json` …
struct WeightsFile {
    enum Role: Equatable {
        case whole, shard
        /// The index, which lists the shard of each tensor.
        case index
    }

    /// File name stems of diffusers and transformers.
    static let stems: Set = ["diffusion_pytorch_model", "model"]

    let remote: RemoteFile
    let role: Role
    /// Variant; `""` for the default one, which `from_pretrained` loads without `variant`.
    let variant: String

    /// Parses a file name; nil for any other file.
    init?(_ file: RemoteFile) {
        remote = file
        let infix = ".safetensors"
        if file.name.hasSuffix(infix) {
            guard let (variant, isShard) = Self.variant(of: file.name.dropLast(infix.count)) else { return nil }
            self.variant = variant
            role = isShard ? .shard : .whole
            return
        }
        // The variant precedes `.safetensors`, or follows `.index` in files of older versions.
        guard file.name.hasSuffix(".json"), let index = file.name.firstRange(of: "\(infix).index"),
            let (before, _) = Self.variant(of: file.name[..<index.lowerBound])
        else { return nil }
        let after = file.name[index.upperBound...].dropLast(".json".count)
        guard after.isEmpty || after.hasPrefix(".") else { return nil }
        variant = before.isEmpty ? String(after.dropFirst()) : before
        role = .index
    }

    /// Variant in a name without extension, and whether it is a shard's; nil if the name has no known stem.
    private static func variant(of name: Substring) -> (variant: String, isShard: Bool)? {
        var isShard = false
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map { part in
            // `-00001-of-00002` follows either the stem or the variant.
            let words = part.split(separator: "-", omittingEmptySubsequences: false)
            guard words.count >= 4, words[words.count - 2] == "of",
                [words[words.count - 1], words[words.count - 3]].allSatisfy({ $0.count >= 4 && $0.allSatisfy(\.isNumber) })
            else { return String(part) }
            isShard = true
            return words.dropLast(3).joined(separator: "-")
        }
        guard let stem = parts.first, stems.contains(stem) else { return nil }
        return (parts.dropFirst().joined(separator: "."), isShard)
    }
}
