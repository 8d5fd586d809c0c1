import ModelGraph
import TensorStore

/// The down blocks, middle block and up blocks of a UNet.
struct UNetBlocks {
    let config: UNet2DConditionConfig

    private func resnetStyle(outputScale: Float = 1) -> ResnetStyle {
        ResnetStyle(
            groups: config.normGroups, epsilon: config.normEpsilon, activation: config.activation,
            timeChannels: config.timeEmbedChannels, scaleShift: config.scaleShift, outputScale: outputScale)
    }

    /// A transformer of the block at `level`; 0 is the finest.
    /// - Parameter onlyCrossAttention: nil for the config's value of the level.
    private func transformer(_ channels: Int, level: Int, layers: Int, onlyCrossAttention: Bool? = nil) -> Transformer2DShape {
        Transformer2DShape(
            channels: channels, heads: config.attentionHeads[level], contextChannels: config.crossAttentionDim[level],
            layers: layers,
            groups: config.normGroups, linearProjection: config.useLinearProjection,
            onlyCrossAttention: onlyCrossAttention ?? config.onlyCrossAttention[level])
    }

    /// `DownBlock2D`, `CrossAttnDownBlock2D`: `[B, C, h, w]` to `[B, C', h/2, w/2]`; the output of every stage becomes a skip
    /// connection.
    func down(
        _ x: Value, _ index: Int, time: Value, context: Value, skips: inout [Skip], _ builder: inout NetworkBuilder
    ) throws -> Value {
        let path = "down_blocks.\(index)"
        let outputs = config.blockOutChannels[index]
        var inputs = index == 0 ? outputs : config.blockOutChannels[index - 1]
        var hidden = x
        for layer in 0..<config.layersPerBlock[index] {
            hidden = try builder.resnet(hidden, time: time, "\(path).resnets.\(layer)", inputs, outputs, resnetStyle())
            if config.downBlocks[index] == .crossAttention {
                let shape = transformer(outputs, level: index, layers: config.downTransformerLayers[index][layer])
                hidden = try builder.transformer2D(hidden, context: context, "\(path).attentions.\(layer)", shape)
            }
            skips.append(Skip(hidden, outputs))
            inputs = outputs
        }
        if index < config.downBlocks.count - 1 {
            hidden = try builder.downsample(hidden, "\(path).downsamplers.0", outputs, padding: config.downsamplePadding)
            skips.append(Skip(hidden, outputs))
        }
        return hidden
    }

    /// `UNetMidBlock2DCrossAttn`, `UNetMidBlock2D`: `[B, C, h, w]` to the same shape.
    func middle(_ x: Value, time: Value, context: Value, _ builder: inout NetworkBuilder) throws -> Value {
        guard let kind = config.midBlock else { return x }
        let level = config.downBlocks.count - 1
        let channels = config.blockOutChannels[level]
        let style = resnetStyle(outputScale: config.midBlockScaleFactor)
        let hidden = try builder.resnet(x, time: time, "mid_block.resnets.0", channels, channels, style)
        guard kind == .crossAttention else { return hidden }
        // Its first attention is always self-attention.
        let shape = transformer(channels, level: level, layers: config.midTransformerLayers, onlyCrossAttention: false)
        let attended = try builder.transformer2D(hidden, context: context, "mid_block.attentions.0", shape)
        return try builder.resnet(attended, time: time, "mid_block.resnets.1", channels, channels, style)
    }

    /// `UpBlock2D`, `CrossAttnUpBlock2D`: `[B, C, h, w]` to `[B, C', 2h, 2w]`, or to the size of the next block's skip
    /// connections.
    func up(
        _ x: Value, _ index: Int, time: Value, context: Value, skips: inout [Skip], _ builder: inout NetworkBuilder
    ) throws -> Value {
        let path = "up_blocks.\(index)"
        let level = config.upBlocks.count - 1 - index
        let outputs = config.blockOutChannels[level]
        var inputs = index == 0 ? outputs : config.blockOutChannels[level + 1]
        var hidden = x
        for layer in 0...config.layersPerBlock[level] {
            guard let skip = skips.popLast() else {
                throw ArchitectureError.inconsistent(
                    "the way up has more layers than the way down", class: "UNet2DConditionModel", file: builder.weights.source)
            }
            hidden = try builder.graph.concatenate([hidden, skip.value], axis: 1, name: "\(path).resnets.\(layer)/Concat")
            hidden = try builder.resnet(
                hidden, time: time, "\(path).resnets.\(layer)", inputs + skip.channels, outputs, resnetStyle())
            if config.upBlocks[index] == .crossAttention {
                let shape = transformer(outputs, level: level, layers: config.upTransformerLayers[index][layer])
                hidden = try builder.transformer2D(hidden, context: context, "\(path).attentions.\(layer)", shape)
            }
            inputs = outputs
        }
        guard index < config.upBlocks.count - 1 else { return hidden }
        // Twice the size is the skip connections' size, unless a down block's input size was odd.
        let model = skips.last.map(\.value)
        let doubles = zip(hidden.shape.dimensions ?? [], model?.shape.dimensions ?? []).dropFirst(2).allSatisfy { mine, theirs in
            mine.fixedValue.map { 2 * $0 } == theirs.fixedValue && mine.fixedValue != nil
        }
        return try builder.upsample(hidden, like: doubles ? nil : model, "\(path).upsamplers.0", outputs)
    }
}
