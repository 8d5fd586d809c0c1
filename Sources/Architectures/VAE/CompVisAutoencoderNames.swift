/// diffusers' names for the tensors of an `AutoencoderKL` with the names of CompVis' latent-diffusion:
/// `decoder.up.3.block.0.conv1.weight` is `decoder.up_blocks.0.resnets.0.conv1.weight`.
///
/// CompVis counts the decoder's levels from the finest, diffusers from the coarsest.
struct CompVisAutoencoderNames {
    /// The number of the decoder's levels.
    private let levels: Int

    private static let attention = ["norm": "group_norm", "q": "to_q", "k": "to_k", "v": "to_v", "proj_out": "to_out.0"]

    /// - Parameter names: the names of all tensors of the autoencoder, without `first_stage_model.`.
    init(_ names: some Sequence<String>) {
        levels = names.reduce(0) { levels, name in
            let parts = name.split(separator: ".")
            guard parts.count > 2, parts[0] == "decoder", parts[1] == "up", let level = Int(parts[2]), level < 64 else {
                return levels
            }
            return max(levels, level + 1)
        }
    }

    func callAsFunction(_ name: String) -> String {
        let parts = name.split(separator: ".").map(String.init)
        guard parts.count > 2, parts[0] == "encoder" || parts[0] == "decoder" else { return name }
        let half = parts[0]
        let path: String
        switch parts[1] {
        case "norm_out": path = "conv_norm_out.\(parts[2])"
        case "mid": path = Self.middle(Array(parts[2...]))
        case "down":
            guard let block = Self.block(parts, "downsamplers") else { return name }
            path = "down_blocks.\(parts[2]).\(block)"
        case "up":
            guard let level = Int(parts[2]), level < levels, level >= 0, let block = Self.block(parts, "upsamplers") else {
                return name
            }
            path = "up_blocks.\(levels - 1 - level).\(block)"
        default: return name
        }
        return "\(half).\(path)"
    }

    /// The name after the level's number.
    private static func block(_ parts: [String], _ resizing: String) -> String? {
        guard parts.count > 4 else { return nil }
        guard parts[3] == "block" else { return "\(resizing).0.\(parts[4...].joined(separator: "."))" }
        return "resnets.\(parts[4]).\(residual(parts[5...]))"
    }

    private static func middle(_ parts: [String]) -> String {
        let rest = parts.dropFirst()
        switch parts.first {
        case "block_1": return "mid_block.resnets.0.\(residual(rest))"
        case "block_2": return "mid_block.resnets.1.\(residual(rest))"
        case "attn_1":
            guard let layer = rest.first else { return "mid_block.attentions.0" }
            return "mid_block.attentions.0.\(attention[layer] ?? layer).\(rest.dropFirst().joined(separator: "."))"
        default: return "mid.\(parts.joined(separator: "."))"
        }
    }

    private static func residual(_ parts: ArraySlice<String>) -> String {
        parts.map { $0 == "nin_shortcut" ? "conv_shortcut" : $0 }.joined(separator: ".")
    }
}

extension Weights {
    /// The tensors of an `AutoencoderKL` with diffusers' names, from either layout.
    public func namingAutoencoderAsDiffusers() -> Weights {
        guard contains("decoder.mid.block_1.norm1.weight") || contains("encoder.mid.block_1.norm1.weight") else { return self }
        let names = CompVisAutoencoderNames(entries.keys)
        return renamed { names($0) }
    }
}
