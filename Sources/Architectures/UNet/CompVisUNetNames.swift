import TensorStore

/// diffusers' names of the tensors of a UNet that are named as CompVis' latent-diffusion and Stability's generative-models name
/// them: `input_blocks.1.0.in_layers.0.weight` is `down_blocks.0.resnets.0.norm1.weight`.
///
/// Both number their blocks from input to output, but diffusers counts levels and layers apart. Levels end where the file has a
/// change of size (`op`, or `conv` on the way up), so no table of sizes is needed. What has no name in diffusers keeps its own.
struct CompVisUNetNames {
    /// What replaces the first two or three parts of a name: `input_blocks.1.0` by `down_blocks.0.resnets.0`.
    private var paths: [String: String] = [:]

    private static let fixed = [
        "time_embed.0": "time_embedding.linear_1", "time_embed.2": "time_embedding.linear_2",
        "time_embed.cond_proj": "time_embedding.cond_proj", "label_emb.0.0": "add_embedding.linear_1",
        "label_emb.0.2": "add_embedding.linear_2", "input_blocks.0.0": "conv_in", "out.0": "conv_norm_out", "out.2": "conv_out",
        "middle_block.0": "mid_block.resnets.0", "middle_block.1": "mid_block.attentions.0",
        "middle_block.2": "mid_block.resnets.1",
    ]
    private static let residual = [
        "in_layers.0": "norm1", "in_layers.2": "conv1", "emb_layers.1": "time_emb_proj", "out_layers.0": "norm2",
        "out_layers.3": "conv2", "skip_connection": "conv_shortcut",
    ]

    /// - Parameter names: of all tensors of the UNet, without `model.diffusion_model.`.
    init(_ names: some Sequence<String>) {
        let names = Set(names)
        paths = Self.fixed
        var (level, layer) = (0, 0)
        for block in 1... {
            let path = "input_blocks.\(block)"
            if names.contains("\(path).0.op.weight") {
                paths["\(path).0.op"] = "down_blocks.\(level).downsamplers.0.conv"
                (level, layer) = (level + 1, 0)
            } else if names.contains("\(path).0.in_layers.0.weight") {
                addLayer(path, "down_blocks.\(level)", layer)
                layer += 1
            } else {
                break
            }
        }
        (level, layer) = (0, 0)
        for block in 0... {
            let path = "output_blocks.\(block)"
            guard names.contains("\(path).0.in_layers.0.weight") else { break }
            addLayer(path, "up_blocks.\(level)", layer)
            layer += 1
            // After the attention, or in its place where the level has none.
            for place in 1...2 where names.contains("\(path).\(place).conv.weight") {
                paths["\(path).\(place).conv"] = "up_blocks.\(level).upsamplers.0.conv"
                (level, layer) = (level + 1, 0)
            }
        }
    }

    private mutating func addLayer(_ path: String, _ block: String, _ layer: Int) {
        paths["\(path).0"] = "\(block).resnets.\(layer)"
        paths["\(path).1"] = "\(block).attentions.\(layer)"
    }

    func callAsFunction(_ name: String) -> String {
        let parts = name.split(separator: ".").map(String.init)
        // The longest path first: `output_blocks.2.1.conv` is no part of the attention `output_blocks.2.1`.
        for length in stride(from: min(4, parts.count), through: 2, by: -1) {
            guard let path = paths[parts[..<length].joined(separator: ".")] else { continue }
            let rest = parts[length...].joined(separator: ".")
            guard path.contains(".resnets.") else { return rest.isEmpty ? path : "\(path).\(rest)" }
            return "\(path).\(Self.residualName(rest))"
        }
        return name
    }

    private static func residualName(_ rest: String) -> String {
        for (old, new) in residual where rest.hasPrefix("\(old).") { return new + rest.dropFirst(old.count) }
        return rest
    }
}

extension Weights {
    /// A UNet's tensors under diffusers' names, whichever of both layouts they have.
    public func namingUNetAsDiffusers() -> Weights {
        guard contains("input_blocks.0.0.weight") else { return self }
        let names = CompVisUNetNames(entries.keys)
        return renamed { names($0) }
    }
}
