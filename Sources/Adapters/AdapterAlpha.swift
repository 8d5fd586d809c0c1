import TensorStore

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
