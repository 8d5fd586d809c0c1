import TensorStore

/// Alphas as diffusers keeps them since 0.34: not as tensors but in the file's metadata, under `lora_adapter_metadata`, as the
/// settings of PEFT's `LoraConfig` with the network's name before each.
struct AdapterAlpha {
    private let settings: JSONObject?

    init(metadata: [String: String]) {
        // What is no such JSON is somebody else's.
        let text = metadata["lora_adapter_metadata"]
        settings = text.flatMap { try? JSONValue(parsing: $0.utf8) }?.object
    }

    /// alpha / rank, or alpha / √rank where the adapter is rank-stabilized; 1 where nothing is said.
    func factor(_ network: AdaptedNetwork, _ module: String, rank: Int) -> Float {
        func setting(_ name: String) -> JSONValue? { settings?["\(network.rawValue).\(name)"] }
        var alpha = setting("lora_alpha")?.double
        // By the ends of names, as PEFT matches them; a longer one says more.
        let patterns = setting("alpha_pattern")?.object?.sorted { $0.key.count > $1.key.count } ?? []
        if let own = patterns.first(where: { module == $0.key || module.hasSuffix(".\($0.key)") })?.value.double { alpha = own }
        guard let alpha, alpha.isFinite else { return 1 }
        let divisor = setting("use_rslora")?.bool == true ? Double(rank).squareRoot() : Double(rank)
        return Float(alpha / divisor)
    }
}
