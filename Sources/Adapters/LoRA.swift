public import TensorStore

/// A LoRA (Hu et al. 2021, https://arxiv.org/abs/2106.09685): low-rank differences to the weights of a model's networks. The
/// tensors of its `.safetensors` file are mapped, not read.
///
/// Key layouts: diffusers and PEFT in all versions, kohya (A1111) and LCM-LoRA, with block names of diffusers or CompVis.
/// Layers: linear layers and convolutions, LoCon's CP decomposition, LoHa, LoKr, DoRA.
public struct LoRA: Sendable {
    public let path: String
    /// The layers, in the order of their keys.
    public let layers: [LoRALayer]
    /// Keys of layers of no known network.
    public let unknownKeys: [String]
    /// Keys that belong to no layer: an alpha alone, averaged weights …
    public let strayKeys: [String]
    /// Words that the file brings along, with vectors of their own.
    public let embeddedWords: [String]
    /// A key for each kind of adapter in the file that is not supported.
    let otherKinds: [(kind: String, key: String)]
    /// All keys of the file.
    public let keyCount: Int

    /// The file's name without folders and ending.
    public var name: String {
        let file = path.split(separator: "/").last ?? ""
        return String(file.lastIndex(of: ".").map { file[..<$0] } ?? file)
    }

    /// The networks that the file changes.
    public var networks: Set<AdaptedNetwork> { Set(layers.map(\.network)) }

    /// - Throws: `LoRAError` for an unreadable file, a matrix without its pair, and mismatched shapes.
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
        var (unknown, stray): ([String], [String]) = ([], [])
        var words: Set<String> = []
        var kinds: [String: String] = [:]
        for entry in file.entries.sorted(by: { $0.name < $1.name }) {
            if let word = LoRAKey.embeddedWord(entry.name) {
                words.insert(word)
                continue
            }
            if LoRAKey.isAveraged(entry.name) {
                stray.append(entry.name)
                continue
            }
            if let kind = LoRAKey.otherKind(entry.name) {
                kinds[kind] = kinds[kind] ?? entry.name
                continue
            }
            guard let key = LoRAKey(entry.name) else {
                if LoRAKey.isPart(entry.name) { unknown.append(entry.name) } else { stray.append(entry.name) }
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
                stray += own.values.map(\.name)
                continue
            }
            guard let key = keys.first else { preconditionFailure("'\(module)' groups no keys") }
            layers.append(try LoRALayer(key, own, alpha: alpha, file: path))
        }
        self.layers = layers
        unknownKeys = unknown.sorted()
        strayKeys = stray.sorted()
        embeddedWords = words.sorted()
        otherKinds = kinds.map { (kind: $0.key, key: $0.value) }.sorted { $0.key < $1.key }
    }

    /// Sentences about the parts of the file that are left out; some of them only by a lenient set.
    public var notes: [String] {
        var notes: [String] = []
        for (keys, owner) in [(strayKeys, "no layer"), (unknownKeys, "no known network")] where !keys.isEmpty {
            let names = keys.prefix(3).map { "'\($0)'" }.joined(separator: ", ") + (keys.count > 3 ? " …" : "")
            notes.append("\(path): \(keys.count) keys that belong to \(owner) are left out (\(names)).")
        }
        for (kind, key) in otherKinds { notes.append("\(path): keys of \(kind), such as '\(key)', are left out.") }
        if !embeddedWords.isEmpty {
            notes.append(
                "\(path) brings vectors for words (\(embeddedWords.prefix(5).joined(separator: ", "))), which are left out; give "
                    + "them as files of their own (--embedding).")
        }
        return notes
    }
}

/// Errors of reading a LoRA and of applying it to a network.
public enum LoRAError: Error, Equatable, Sendable {
    /// The file can't be read.
    case file(SafetensorsError)
    /// The kind of adapter is not supported; the first value is its name.
    case kind(String, key: String, file: String)
    /// A layer has only one of its two matrices.
    case missingPair(expected: String, key: String, file: String)
    /// The shape of a tensor does not match the other tensors of its layer, or the module.
    case shape(key: String, expected: String, found: Shape, file: String)
    case type(key: String, ElementType, file: String)
    /// An alpha is not a single finite number.
    case alpha(key: String, file: String)
    /// Two layers of one file apply to the same module.
    case twice(module: String, keys: [String], file: String)
    /// The tensors are all weights of a network or of a whole model, not differences.
    case wholeNetwork(file: String)
    /// Keys match no module; `network` is nil for keys of no known network.
    case unplaced([String], of: Int, network: AdaptedNetwork?, file: String)
    /// The weights are integers, or rounded to integers: a LoRA can't be added to them.
    case integerWeights(module: String, network: AdaptedNetwork)
    /// A layer that changes weights in a way that can't be computed beside them at run time; `kind` says which.
    case notAtRunTime(kind: String, key: String, file: String)
    /// A scale that is not finite.
    case scale(Float, file: String)
}

extension LoRAError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .kind(let kind, let key, let file):
            "\(file) is not a plain LoRA: '\(key)' belongs to \(kind), which is not supported; --lora-lenient leaves such keys out."
        case .missingPair(let expected, let key, let file): "\(file) has '\(key)' but no '\(expected)'."
        case .shape(let key, let expected, let found, let file): "\(file): '\(key)' must be \(expected), and is \(found)."
        case .type(let key, let type, let file):
            "\(file): '\(key)' is \(type); floating point from f8e4m3 and f8e5m2 to f64 is supported."
        case .alpha(let key, let file): "\(file): '\(key)' must be one finite number."
        case .twice(let module, let keys, let file):
            "\(file) changes '\(module)' twice: \(keys.map { "'\($0)'" }.joined(separator: ", "))."
        case .wholeNetwork(let file):
            "\(file) is no LoRA: it has all weights of a network. A UNet alone is for --unet, a whole checkpoint for --model."
        case .unplaced(_, of: 0, _, let file): "\(file) is empty: it has no tensors."
        case .unplaced(let keys, let count, let network, let file):
            "\(keys.count) of \(count) keys of \(file) match nothing in \(network.map { "the \($0)" } ?? "the model"): "
                + "\(Self.list(keys)). It may be meant for another kind of model; --lora-lenient leaves such keys out."
        case .integerWeights(let module, let network):
            "The weights of '\(module)' in the \(network) are INT8: apply the LoRA at run time, or before quantizing."
        case .notAtRunTime(let kind, let key, let file):
            "\(file): '\(key)' makes it \(kind), which changes the weights themselves and can't be computed beside them; take the "
                + "model in floating point."
        case .scale(let scale, let file): "The scale of \(file) must be a finite number, not \(scale)."
        }
    }

    private static func list(_ keys: [String]) -> String {
        keys.prefix(10).map { "'\($0)'" }.joined(separator: ", ") + (keys.count > 10 ? " …" : "")
    }
}
