import Architectures
import Testing

@Suite struct CompVisUNetNamesTests {
    /// Stable Diffusion XL's blocks.
    static let xl = CompVisUNetNames(
        diffusersModules: [
            "down_blocks.0.downsamplers.0.conv", "down_blocks.1.downsamplers.0.conv", "up_blocks.0.upsamplers.0.conv",
            "up_blocks.1.upsamplers.0.conv",
        ]
            + (0..<3).flatMap { block in (0..<2).map { "down_blocks.\(block).resnets.\($0).conv1" } }
            + (0..<3).flatMap { block in (0..<3).map { "up_blocks.\(block).resnets.\($0).conv1" } }
            + (1..<3).map { "down_blocks.\($0).attentions.0.proj_in" } + (0..<2).map { "up_blocks.\($0).attentions.0.proj_in" })

    @Test(arguments: [
        ("conv_in", "input_blocks.0.0"), ("down_blocks.0.resnets.0.conv1", "input_blocks.1.0.in_layers.2"),
        ("down_blocks.0.resnets.1.conv2", "input_blocks.2.0.out_layers.3"),
        ("down_blocks.0.downsamplers.0.conv", "input_blocks.3.0.op"),
        ("down_blocks.1.resnets.0.conv_shortcut", "input_blocks.4.0.skip_connection"),
        ("down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q", "input_blocks.4.1.transformer_blocks.0.attn1.to_q"),
        ("down_blocks.2.attentions.1.proj_in", "input_blocks.8.1.proj_in"),
        ("mid_block.resnets.1.time_emb_proj", "middle_block.2.emb_layers.1"),
        ("mid_block.attentions.0.proj_out", "middle_block.1.proj_out"),
        ("up_blocks.0.attentions.2.proj_in", "output_blocks.2.1.proj_in"),
        ("up_blocks.0.upsamplers.0.conv", "output_blocks.2.2.conv"),
        ("up_blocks.2.resnets.0.conv1", "output_blocks.6.0.in_layers.2"), ("conv_out", "out.2"),
        ("add_embedding.linear_2", "label_emb.0.2"),
    ]) func namesOfXL(_ path: String, _ name: String) {
        #expect(Self.xl.compVisName(of: path) == name)
        // The same table, read the other way.
        #expect(Self.xl.diffusersName(of: name) == path)
        #expect(Self.xl.diffusersName(of: "\(name).weight") == "\(path).weight")
    }

    /// Stable Diffusion 1's first up block has no attention, so the upsampler takes its place.
    @Test func upsamplingWithoutAttention() {
        let names = CompVisUNetNames(diffusersModules: ["up_blocks.0.resnets.2.conv1", "up_blocks.0.upsamplers.0.conv"])
        #expect(names.compVisName(of: "up_blocks.0.upsamplers.0.conv") == "output_blocks.2.1.conv")
    }

    @Test(arguments: ["", "mid_block", "down_blocks.x.y.z.w", "down_blocks.0.resnets.0.nonlinearity", "elsewhere"])
    func othersHaveNone(_ path: String) { #expect(Self.xl.compVisName(of: path) == nil) }

    /// Tensors in either layout lead to the same table.
    @Test func tablesOfBothLayoutsAreEqual() {
        let paths = ["conv1", "norm1", "conv_shortcut"].flatMap { module in
            (0..<2).flatMap { block in (0..<2).map { "down_blocks.\(block).resnets.\($0).\(module)" } }
        }
        let modules = paths + ["down_blocks.0.downsamplers.0.conv"]
        let names = CompVisUNetNames(diffusersModules: modules)
        let tensors = modules.compactMap { names.compVisName(of: $0).map { "\($0).weight" } }
        #expect(tensors.count == modules.count)
        let others = CompVisUNetNames(compVisTensors: tensors)
        for (tensor, module) in zip(tensors, modules) { #expect(others.diffusersName(of: tensor) == "\(module).weight") }
    }
}
