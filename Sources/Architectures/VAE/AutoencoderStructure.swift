public import TensorStore

extension AutoencoderKL {
    /// Derives a config.json from tensors with diffusers' names.
    /// - Parameter scalingFactor: the scaling factor, which the tensors do not determine.
    /// - Throws: `ArchitectureError.missingTensor` for tensors of another network.
    public static func config(of weights: Weights, scalingFactor: Double) throws(ArchitectureError) -> JSONValue {
        func shape(_ name: String) -> Shape? { weights.entries[name]?.shape }
        func count(_ name: (Int) -> String) -> Int { (0...).first { !weights.contains(name($0)) } ?? 0 }
        func channels(_ way: String) -> [Int] {
            (0..<count { "\(way).\($0).resnets.0.conv1.weight" }).compactMap {
                shape("\(way).\($0).resnets.0.conv1.weight")?.first
            }
        }
        let decoderIn = "decoder.conv_in.weight"
        guard let input = shape(decoderIn), input.rank == 4 else { throw .missingTensor(decoderIn, in: weights.source) }
        let up = channels("decoder.up_blocks")
        guard !up.isEmpty else { throw .missingTensor("decoder.up_blocks.0.resnets.0.conv1.weight", in: weights.source) }
        func types(_ name: String) -> JSONValue { .strings(Array(repeating: name, count: up.count)) }
        // A decoder may come without its encoder; otherwise they mirror each other.
        return .members([
            ("_class_name", .string(AutoencoderKLConfig.className)),
            ("in_channels", .integer(shape("encoder.conv_in.weight").flatMap { $0.rank == 4 ? $0[1] : nil } ?? 3)),
            ("out_channels", .integer(shape("decoder.conv_out.weight")?.first ?? 3)),
            ("block_out_channels", .integers(up.reversed())),
            ("layers_per_block", .integer(count { "decoder.up_blocks.0.resnets.\($0).conv1.weight" } - 1)),
            ("down_block_types", types("DownEncoderBlock2D")), ("up_block_types", types("UpDecoderBlock2D")),
            ("latent_channels", .integer(input[1])), ("scaling_factor", .double(scalingFactor)),
            ("use_quant_conv", .bool(weights.contains("quant_conv.weight") || !weights.contains("encoder.conv_in.weight"))),
            ("use_post_quant_conv", .bool(weights.contains("post_quant_conv.weight"))),
            ("mid_block_add_attention", .bool(weights.entries.keys.contains { $0.hasPrefix("decoder.mid_block.attentions.") })),
        ])
    }
}

extension AutoencoderTiny {
    /// Derives a config.json from tensors with diffusers' names. One half of the network is enough; the other is assumed to
    /// mirror it.
    /// - Throws: `ArchitectureError.missingTensor` for tensors of another network.
    public static func config(of weights: Weights) throws(ArchitectureError) -> JSONValue {
        let (decoder, encoder) = (
            HalfLayout(weights, "decoder.layers", start: 2), HalfLayout(weights, "encoder.layers", start: 1)
        )
        guard let known = decoder ?? encoder?.mirrored else {
            throw .missingTensor("decoder.layers.0.weight", in: weights.source)
        }
        let other = encoder ?? known.mirrored
        func widths(_ half: HalfLayout) -> JSONValue { .integers(Array(repeating: half.channels, count: half.blocks.count)) }
        return .members([
            ("_class_name", .string(AutoencoderTinyConfig.className)),
            ("in_channels", .integer(other.inputs)), ("out_channels", .integer(known.outputs)),
            ("latent_channels", .integer(known.inputs)),
            ("encoder_block_out_channels", widths(other)), ("decoder_block_out_channels", widths(known)),
            ("num_encoder_blocks", .integers(other.blocks)), ("num_decoder_blocks", .integers(known.blocks)),
        ])
    }

    /// The structure of one half, derived from its numbered layers.
    private struct HalfLayout {
        var inputs: Int
        var outputs: Int
        var channels: Int
        /// The number of blocks at each level, in the order of the layers.
        var blocks: [Int]

        /// - Parameter start: the first layer after the first convolution, and the decoder's activation.
        init?(_ weights: Weights, _ path: String, start: Int) {
            guard let first = weights.entries["\(path).0.weight"]?.shape, first.rank == 4 else { return nil }
            (inputs, channels, outputs, blocks) = (first[1], first[0], first[0], [0])
            func isBlock(_ layer: Int) -> Bool { weights.contains("\(path).\(layer).conv.0.weight") }
            var layer = start
            // Upsampling has no tensors: one number may be missing.
            while blocks.count <= 64 {
                if isBlock(layer) {
                    blocks[blocks.count - 1] += 1
                } else {
                    if !weights.contains("\(path).\(layer).weight") { layer += 1 }
                    guard let shape = weights.entries["\(path).\(layer).weight"]?.shape else { break }
                    outputs = shape.first ?? 0
                    // The last convolution of the last level has no blocks after it.
                    guard isBlock(layer + 1) else { break }
                    blocks.append(0)
                }
                layer += 1
            }
        }

        private init(inputs: Int, outputs: Int, channels: Int, blocks: [Int]) {
            (self.inputs, self.outputs, self.channels, self.blocks) = (inputs, outputs, channels, blocks)
        }

        var mirrored: HalfLayout {
            HalfLayout(inputs: outputs, outputs: inputs, channels: channels, blocks: blocks.reversed())
        }
    }
}
