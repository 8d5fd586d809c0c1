import Architectures
import ModelGraph
import ModelLoading
import TensorStore
import TestSupport
import Testing

/// Goldens: `Tests/Goldens/Architectures/unet/make.py`, diffusers' UNet2DConditionModel in f32 on the CPU.
@Suite struct UNet2DConditionModelTests {
    static let cases = [
        "lcm", "sd15-few-keys", "sd2-sharded", "sdxl", "timesteps", "mixed-blocks", "not-mirrored", "no-mid-block",
        "layers-per-block", "only-cross-attention", "scale-shift", "kernels-and-padding", "heads-not-dividing", "odd-size",
        "odd-size-bf16", "odd-size-padding-0",
    ]

    @Test(arguments: cases) func matchesDiffusers(_ name: String) throws {
        let golden = try GoldenNetwork("Architectures/unet/\(name)", className: "UNet2DConditionModel")
        let output = try golden.run(golden.unet(golden.staticShape), inputs: ["timestep": golden.timestep])
        try expectClose(try #require(output["out_sample"]), golden["out_sample"], tolerance: 1e-4, name)
    }

    /// One graph whose sizes are known at run time only, as exported models have them.
    @Test(arguments: cases) func matchesDiffusersWithDynamicShapes(_ name: String) throws {
        let golden = try GoldenNetwork("Architectures/unet/\(name)", className: "UNet2DConditionModel")
        let shape = UNet2DConditionModel.InputShape(
            batch: .any, height: .any, width: .any, tokens: .any, timesteps: .any, timestepType: .i64)
        let output = try golden.run(golden.unet(shape))
        try expectClose(try #require(output["out_sample"]), golden["out_sample"], tolerance: 1e-4, name)
    }

    /// What does not change between steps, computed by networks of its own.
    @Test(arguments: ["lcm", "sdxl", "scale-shift", "odd-size"]) func matchesDiffusersInStages(_ name: String) throws {
        let golden = try GoldenNetwork("Architectures/unet/\(name)", className: "UNet2DConditionModel")
        let stages = try golden.unet(golden.staticShape).stages([
            ["encoder_hidden_states", "timestep_cond", "text_embeds", "time_ids"], ["timestep"], ["sample"],
        ])
        var values: [String: Tensor] = ["timestep": try golden.timestep]
        for stage in stages {
            let outputs = try runGraph(try #require(stage)) { input in try values[input] ?? golden[input] }
            values.merge(outputs) { _, new in new }
        }
        try expectClose(try #require(values["out_sample"]), golden["out_sample"], tolerance: 1e-4, name)
        // The last stage is left with the sample alone to compute on.
        let last = try #require(stages[2])
        #expect(!last.nodes.contains { $0.name.contains("time_emb_proj/MatMul") || $0.name.contains("attn2.to_k/MatMul") })
    }
}

extension GoldenNetwork {
    var timestep: Tensor {
        get throws {
            let timestep = try self["timestep"]
            return try Tensor(timestep.elements(as: Int64.self).map { Float($0) }, shape: timestep.shape)
        }
    }

    var staticShape: UNet2DConditionModel.InputShape {
        get throws {
            let (sample, states) = (try self["sample"].shape, try self["encoder_hidden_states"].shape)
            return UNet2DConditionModel.InputShape(
                batch: .fixed(sample[0]), height: .fixed(sample[2]), width: .fixed(sample[3]), tokens: .fixed(states[1]),
                timesteps: .fixed(try timestep.shape[0]))
        }
    }

    func unet(_ shape: UNet2DConditionModel.InputShape) throws -> Graph {
        let network = try Registry.make(component.config(), from: Registry.unets)
        return try network.graph(component.weights(), shape)
    }
}
