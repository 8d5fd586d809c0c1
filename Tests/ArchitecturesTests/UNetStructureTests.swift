import Architectures
import Foundation
import ModelGraph
import ModelLoading
import TensorStore
import TestSupport
import Testing

/// What tensors alone tell of a UNet's config, for every golden that has one: blocks left out, uneven levels, lists in lists.
@Suite struct UNetStructureTests {
    private static let cases =
        (try? FileManager.default.contentsOfDirectory(atPath: Goldens.url("Architectures/unet").path))?
        .filter { FileManager.default.fileExists(atPath: Goldens.url("Architectures/unet/\($0)/config.json").path) }.sorted()
        ?? []

    private func component(_ name: String) -> Component {
        Component(
            name: "unet", library: "diffusers", className: "UNet2DConditionModel",
            folder: Goldens.url("Architectures/unet/\(name)"))
    }

    /// The parts of a config that the network's tensors depend on.
    private func structure(_ config: UNet2DConditionConfig) -> [String] {
        let levels = config.downBlocks.indices
        let down = levels.map { config.downBlocks[$0] == .plain ? [] : config.downTransformerLayers[$0] }
        let up = levels.map { config.upBlocks[$0] == .plain ? [] : config.upTransformerLayers[$0] }
        let middle = config.midBlock == .crossAttention ? config.midTransformerLayers : 0
        return [
            "channels \(config.inChannels) \(config.blockOutChannels) \(config.outChannels) \(config.layersPerBlock)",
            "blocks \(config.downBlocks) \(config.midBlock.map { "\($0)" } ?? "none") \(config.upBlocks)",
            "transformers \(down) \(middle) \(up) \(config.useLinearProjection) \(config.contextChannels)",
            "embeddings \(config.timeEmbedChannels) \(config.timeCondProjDim ?? 0)",
            "addition \(config.textTimeAddition.map { "\($0)" } ?? "none")",
            "kernels \(config.convInKernel) \(config.convOutKernel)",
        ]
    }

    @Test(arguments: cases) func isToldByTheTensors(_ name: String) throws {
        let component = component(name)
        let expected = try UNet2DConditionConfig(component.config())
        let projection = expected.textTimeAddition.map { $0.inputChannels - 6 * $0.timeChannels }
        let found = try UNet2DConditionModel.config(of: component.weights(), textProjection: projection)
        let reader = ConfigReader(found, className: "UNet2DConditionModel", file: "inferred")
        #expect(try structure(UNet2DConditionConfig(reader)) == structure(expected))
    }

    @Test func thereAreCases() { #expect(Self.cases.count > 10) }

    @Test func whatCannotBeTold() throws {
        let weights = try component("lcm").weights()
        func error(_ change: (inout [String: Weights.Entry]) -> Void) -> String {
            var entries = weights.entries
            change(&entries)
            do {
                _ = try UNet2DConditionModel.config(of: Weights(entries, source: "file"))
                return ""
            } catch { return "\(error)" }
        }
        let attention = "down_blocks.0.attentions.1.norm.weight"
        #expect(error { $0[attention] = nil }.contains("down_blocks.0 has 2 layers, of which 1 have attention"))
        #expect(error { $0["class_embedding.weight"] = $0["conv_in.bias"] }.contains("its config.json is needed"))
        #expect(error { $0["conv_in.weight"] = nil } == "file has no tensor 'conv_in.weight', which its configuration asks for.")
        #expect(error { $0["up_blocks.2.resnets.0.conv1.weight"] = nil }.contains("3 levels on the way down and 2 on the way up"))
        #expect(error { $0 = [:] }.contains("it has 0 levels"))
        let scalar = Weights.Entry(elementType: .f32, shape: [], data: .bytes([0, 0, 0, 0]))
        #expect(error { $0["conv_in.weight"] = scalar }.contains("'conv_in.weight' is []"))
    }
}
