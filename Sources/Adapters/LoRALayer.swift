public import TensorStore

/// The change of a LoRA to the weights of one module: factor · up × down.
public struct LoRALayer: Sendable {
    public let network: AdaptedNetwork
    /// The module's name as the file spells it.
    public let module: String
    /// All keys of the layer in the file, sorted.
    public let keys: [String]
    /// `[rank, inputs]`, or `[rank, inputs, kh, kw]` of a convolution.
    public let down: TensorEntry
    /// `[outputs, rank]`, possibly with trailing axes of 1.
    public let up: TensorEntry
    /// LoCon's CP decomposition: the kernel `[rank, rank, kh, kw]` of a convolution whose `down` has none.
    public let mid: TensorEntry?
    /// DoRA: the length of each row of the summed weights, one element per output.
    public let magnitude: TensorEntry?
    /// alpha / rank; 1 if the file has no alpha.
    public let factor: Float

    public var rank: Int { down.shape[0] }
    public var outputs: Int { up.shape[0] }
    public var inputs: Int { down.shape[1] }
    /// Height and width; 1 × 1 for a linear layer.
    var kernel: (height: Int, width: Int) {
        let shape = mid?.shape ?? down.shape
        return shape.rank == 4 ? (shape[2], shape[3]) : (1, 1)
    }

    init(
        _ key: LoRAKey, _ parts: [LoRAKey.Part: TensorEntry], alpha: AdapterAlpha, file: String
    ) throws(LoRAError) {
        guard let down = parts[.down], let up = parts[.up] else {
            let found = parts[.down] ?? parts[.up] ?? parts.values.min { $0.name < $1.name }
            let name = found?.name ?? key.module
            throw .missingPair(expected: Self.pair(of: name), key: name, file: file)
        }
        network = key.network
        module = key.module
        keys = parts.values.map(\.name).sorted()
        (self.down, self.up, mid) = (down, up, parts[.mid])
        magnitude = parts[.magnitude] ?? parts[.scale]

        func refuse(_ entry: TensorEntry, _ expected: String) -> LoRAError {
            .shape(key: entry.name, expected: expected, found: entry.shape, file: file)
        }
        for entry in [down, up, mid, magnitude].compactMap(\.self) {
            guard [.f32, .f16, .bf16].contains(entry.elementType) else {
                throw .type(key: entry.name, entry.elementType, file: file)
            }
            guard entry.shape.allSatisfy({ $0 > 0 }) else { throw refuse(entry, "without axes of 0") }
        }
        guard [2, 4].contains(down.shape.rank) else { throw refuse(down, "[rank, inputs] or [rank, inputs, kh, kw]") }
        let rank = down.shape[0]
        guard [2, 4].contains(up.shape.rank), up.shape[1] == rank, up.shape.dropFirst(2).allSatisfy({ $0 == 1 }) else {
            throw refuse(up, "[outputs, \(rank)] to go with '\(down.name)' \(down.shape)")
        }
        if let mid {
            guard mid.shape.rank == 4, mid.shape[0] == rank, mid.shape[1] == rank,
                down.shape.dropFirst(2).allSatisfy({ $0 == 1 })
            else { throw refuse(mid, "[\(rank), \(rank), kh, kw] to go with '\(down.name)' \(down.shape)") }
        }
        if let magnitude {
            // PEFT's convolutions have [1, outputs, 1, 1]; otherwise outputs come first.
            let outputs = up.shape[0]
            let lengths = magnitude.shape.dimensions
            let first = parts[.magnitude] != nil && lengths.count == 4 && lengths[0] == 1 ? 1 : 0
            guard lengths.count > first, lengths[first] == outputs, magnitude.shape.checkedElementCount == outputs else {
                throw refuse(magnitude, "one number for each of \(outputs) outputs")
            }
        }
        if let entry = parts[.alpha] {
            let tensor = try? entry.tensor().converted(to: .f32)
            guard entry.shape.checkedElementCount == 1, let value = try? tensor?.elements(as: Float.self).first, value.isFinite
            else { throw .alpha(key: entry.name, file: file) }
            factor = value / Float(rank)
        } else {
            factor = alpha.factor(network, module, rank: rank)
        }
    }

    /// The key of the other matrix of a pair.
    private static func pair(of key: String) -> String {
        let pairs = [("lora_down", "lora_up"), ("lora_A", "lora_B"), ("lora.down", "lora.up"), ("layer.down", "layer.up")]
        for (down, up) in pairs {
            if key.contains(down) { return key.replacing(down, with: up) }
            if key.contains(up) { return key.replacing(up, with: down) }
        }
        return "lora_down and lora_up beside it"
    }
}

/// Alphas in the metadata of a file, where diffusers has stored them since 0.34 in place of tensors: `lora_adapter_metadata`
/// holds the settings of PEFT's `LoraConfig` as JSON, each key prefixed with the network's name.
struct AdapterAlpha {
    private let settings: JSONObject?

    init(metadata: [String: String]) {
        // Metadata that is not such JSON is ignored.
        let text = metadata["lora_adapter_metadata"]
        settings = text.flatMap { try? JSONValue(parsing: $0.utf8) }?.object
    }

    /// alpha / rank, or alpha / √rank for a rank-stabilized adapter; 1 if the metadata has no alpha.
    func factor(_ network: AdaptedNetwork, _ module: String, rank: Int) -> Float {
        func setting(_ name: String) -> JSONValue? { settings?["\(network.rawValue).\(name)"] }
        var alpha = setting("lora_alpha")?.double
        // PEFT matches patterns against the ends of module names. The longest match wins.
        let patterns = setting("alpha_pattern")?.object?.sorted { $0.key.count > $1.key.count } ?? []
        if let own = patterns.first(where: { module == $0.key || module.hasSuffix(".\($0.key)") })?.value.double { alpha = own }
        guard let alpha, alpha.isFinite else { return 1 }
        let divisor = setting("use_rslora")?.bool == true ? Double(rank).squareRoot() : Double(rank)
        return Float(alpha / divisor)
    }
}
