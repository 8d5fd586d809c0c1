import TensorStore

/// A LoRA (Hu et al. 2021, https://arxiv.org/abs/2106.09685): low-rank differences to the weights of a model's networks. The
/// tensors of its `.safetensors` file are mapped, not read.
///
/// Key layouts: diffusers and PEFT in all versions, kohya (A1111) and LCM-LoRA, with block names of diffusers or CompVis.
/// Layers: linear layers and convolutions, LoCon's CP decomposition, DoRA.
public struct LoRA: Sendable {
    public let path: String
    /// The layers, in the order of their keys.
    public let layers: [LoRALayer]
    /// Keys that belong to no layer of a known network.
    public let unknownKeys: [String]
    /// All keys of the file.
    public let keyCount: Int

    /// The networks that the file changes.
    public var networks: Set<AdaptedNetwork> { Set(layers.map(\.network)) }

    /// - Throws: `LoRAError` for an unreadable file, another kind of adapter, a matrix without its pair, and mismatched shapes.
    public init(path: String) throws(LoRAError) {
        let file: SafetensorsFile
        do throws(SafetensorsError) {
            file = try SafetensorsFile(path: path)
        } catch {
            throw .file(error)
        }
        self.path = path
        keyCount = file.entries.count
        var parts: [LoRAKey: TensorEntry] = [:]
        var unknown: [String] = []
        for entry in file.entries {
            if let kind = LoRAKey.otherKind(entry.name) { throw .kind(kind, key: entry.name, file: path) }
            guard let key = LoRAKey(entry.name) else {
                unknown.append(entry.name)
                continue
            }
            if let other = parts.updateValue(entry, forKey: key) {
                throw .twice(module: key.module, keys: [other.name, entry.name].sorted(), file: path)
            }
        }
        let alpha = AdapterAlpha(metadata: file.metadata)
        var layers: [LoRALayer] = []
        for (module, keys) in Dictionary(grouping: parts.keys, by: { "\($0.network) \($0.module)" }).sorted(by: {
            $0.key < $1.key
        }) {
            let own = Dictionary(uniqueKeysWithValues: keys.compactMap { key in parts[key].map { (key.part, $0) } })
            if Set(own.keys) == [.alpha] {
                unknown += own.values.map(\.name)
                continue
            }
            guard let key = keys.first else { preconditionFailure("'\(module)' groups no keys") }
            layers.append(try LoRALayer(key, own, alpha: alpha, file: path))
        }
        self.layers = layers
        unknownKeys = unknown.sorted()
    }
}
