import Architectures

/// The key of a tensor in a LoRA file, parsed from any of the published layouts.
///
/// - diffusers and PEFT: `unet.<module>.lora_A.weight`, with `base_model.model.` before or after `unet.`, or an adapter's name
///   before `weight`
/// - older diffusers: `unet.<block>.attn1.processor.to_q_lora.down.weight`, `<module>.lora.up.weight`,
///   `<module>.lora_linear_layer.up.weight`
/// - kohya and LCM-LoRA: `lora_unet_<module with underscores>.lora_down.weight`, `lora_te1_…`, with an `.alpha` tensor
/// - any of these with block names of CompVis: `input_blocks.4.1.…`
struct LoRAKey: Hashable {
    enum Part: Hashable {
        case down, up, mid, alpha
        /// Lengths of rows in PEFT's and kohya's spelling. Their presence marks a DoRA.
        case magnitude, scale
        /// LoHa.
        case hadaW1A, hadaW1B, hadaW2A, hadaW2B, hadaT1, hadaT2
        /// LoKr.
        case lokrW1, lokrW1A, lokrW1B, lokrW2, lokrW2A, lokrW2B, lokrT2
    }

    let network: AdaptedNetwork
    /// The module as the file spells it: dotted, or with underscores throughout in kohya's layout.
    let module: String
    let part: Part

    /// - Returns: nil for a key of no known layout.
    init?(_ key: String) {
        guard let (name, part) = Self.split(key), let (network, module) = Self.network(name) else { return nil }
        self.network = network
        self.module = Self.currentName(module, network)
        self.part = part
    }

    // MARK: Parts

    private static let endings: [(String, Part)] = [
        (".lora_down.weight", .down), (".lora_up.weight", .up), (".lora_mid.weight", .mid), (".lora.down.weight", .down),
        (".lora.up.weight", .up), (".lora_linear_layer.down.weight", .down), (".lora_linear_layer.up.weight", .up),
        ("_lora.down.weight", .down), ("_lora.up.weight", .up), (".dora_scale", .scale), ("_lora.alpha", .alpha),
        (".alpha", .alpha), (".lora_A", .down), (".lora_B", .up), (".lora_magnitude_vector", .magnitude),
        (".hada_w1_a", .hadaW1A), (".hada_w1_b", .hadaW1B), (".hada_w2_a", .hadaW2A), (".hada_w2_b", .hadaW2B),
        (".hada_t1", .hadaT1), (".hada_t2", .hadaT2), (".lokr_w1", .lokrW1), (".lokr_w1_a", .lokrW1A),
        (".lokr_w1_b", .lokrW1B), (".lokr_w2", .lokrW2), (".lokr_w2_a", .lokrW2A), (".lokr_w2_b", .lokrW2B),
        (".lokr_t2", .lokrT2),
    ]

    private static func split(_ key: String) -> (name: String, part: Part)? {
        for (ending, part) in endings where key.hasSuffix(ending) { return (String(key.dropLast(ending.count)), part) }
        // PEFT: `.weight`, optionally preceded by the adapter's name.
        let components = key.split(separator: ".", omittingEmptySubsequences: false)
        guard components.last == "weight" else { return nil }
        for length in 2...3 where components.count > length {
            let part: Part
            switch components[components.count - length] {
            case "lora_A": part = .down
            case "lora_B": part = .up
            case "lora_magnitude_vector": part = .magnitude
            default: continue
            }
            return (components.dropLast(length).joined(separator: "."), part)
        }
        return nil
    }

    // MARK: Networks

    private static let prefixes: [(String, AdaptedNetwork)] = [
        ("lora_unet_", .unet), ("lora_te1_", .textEncoder), ("lora_te2_", .textEncoder2), ("lora_te_", .textEncoder),
        ("unet.", .unet), ("text_encoder.", .textEncoder), ("text_encoder_2.", .textEncoder2), ("diffusion_model.", .unet),
        ("model.diffusion_model.", .unet),
    ]

    private static func network(_ name: String) -> (AdaptedNetwork, module: String)? {
        let wrapper = "base_model.model."
        let name = name.hasPrefix(wrapper) ? String(name.dropFirst(wrapper.count)) : name
        for (prefix, network) in prefixes where name.hasPrefix(prefix) {
            let module = name.dropFirst(prefix.count)
            return (network, String(module.hasPrefix(wrapper) ? module.dropFirst(wrapper.count) : module))
        }
        // Files of a single network have no prefix.
        if CompVisUNetNames.isCompVis(name) { return (.unet, name) }
        let networks: [AdaptedNetwork] = [.unet, .textEncoder]
        for network in networks where network.path(in: name) == name || name.hasPrefix("text_model.") && network == .textEncoder {
            return (network, name)
        }
        return nil
    }

    /// The current name of a module whose layers belonged to an attention processor in older diffusers.
    private static func currentName(_ module: String, _ network: AdaptedNetwork) -> String {
        let renamed: [(String, String)] =
            network == .unet
            ? [(".to_out", ".to_out.0")]
            : [(".to_q", ".q_proj"), (".to_k", ".k_proj"), (".to_v", ".v_proj"), (".to_out", ".out_proj")]
        var module = module
        if let range = module.firstRange(of: ".processor.") { module.replaceSubrange(range, with: ".") }
        for (old, new) in renamed where module.hasSuffix(old) { return module.dropLast(old.count) + new }
        return module
    }

    // MARK: Other keys

    /// Whether a key ends like a layer's, whatever network it is of.
    static func isPart(_ key: String) -> Bool { split(key) != nil }

    /// The word that a LoRA's file brings along, whose vectors are in the tensor: `bundle_emb.<word>.…`.
    static func embeddedWord(_ key: String) -> String? {
        let components = key.split(separator: ".")
        return components.count > 1 && ["bundle_emb", "bundle_embeddings"].contains(components[0]) ? String(components[1]) : nil
    }

    /// Whether a key belongs to averaged copies of the weights that training kept.
    static func isAveraged(_ key: String) -> Bool {
        key.split(separator: ".").contains { $0 == "ema" || $0.hasPrefix("ema_") || $0.hasSuffix("_ema") }
    }

    /// Whether a key is one of a checkpoint's own, which no LoRA has.
    static func isWholeNetworks(_ key: String) -> Bool {
        key.hasPrefix("model.diffusion_model.") || ["conv_in.weight", "token_embedding.weight"].contains { key.hasSuffix($0) }
    }

    /// The name of the kind of adapter, other than LoRA, that a key belongs to.
    static func otherKind(_ key: String) -> String? {
        let components = key.split(separator: ".")
        for component in components {
            for (prefix, kind) in [
                ("oft_", "an OFT"), ("boft_", "a BOFT"), ("ia3_", "an IA3"),
                ("vera_", "a VeRA"), ("lora_embedding_", "a LoRA of embeddings"), ("lora_E", "an AdaLoRA"),
            ] where component.hasPrefix(prefix) { return kind }
        }
        switch components.last {
        case "on_input": return "an IA3"
        case "diff", "diff_b": return "a full difference of weights"
        case "w_norm", "b_norm": return "a LoRA of normalizations"
        default: break
        }
        guard components.count >= 2 else { return nil }
        switch (components[components.count - 2], components[components.count - 1]) {
        case ("a1", "weight"), ("a2", "weight"), ("b1", "weight"), ("b2", "weight"), ("bm1", "weight"), ("bm2", "weight"):
            return "a GLoRA"
        case ("lora_B", "bias"), ("lora_up", "bias"): return "a LoRA with biases"
        default: return nil
        }
    }
}

/// The networks of a model that a LoRA may change.
public enum AdaptedNetwork: String, Sendable, Hashable, CaseIterable {
    case unet
    case textEncoder = "text_encoder"
    /// SDXL's second text encoder.
    case textEncoder2 = "text_encoder_2"

    /// First components of module names in the network. Names in files and exported graphs may have a prefix before them.
    var roots: Set<String> {
        switch self {
        case .unet:
            [
                "conv_in", "time_embedding", "add_embedding", "class_embedding", "encoder_hid_proj", "down_blocks", "mid_block",
                "up_blocks", "conv_out",
            ]
        case .textEncoder, .textEncoder2: ["encoder", "text_projection"]
        }
    }

    /// The part of a dotted name from the first component in `roots` on; nil if no component is in `roots`.
    func path(in name: some StringProtocol) -> String? {
        let components = name.split(separator: ".", omittingEmptySubsequences: false)
        guard let first = components.firstIndex(where: { roots.contains(String($0)) }) else { return nil }
        return components[first...].joined(separator: ".")
    }
}

extension AdaptedNetwork: CustomStringConvertible {
    public var description: String { rawValue }
}
