public import Architectures
public import Foundation
import ModelGraph
import TensorStore

/// A separate UNet that can replace a model's own, such as those of latent consistency models and of Lightning.
public struct LoadedUNet: Sendable {
    public let network: Network<UNet2DConditionModel>

    /// Reads a UNet in any published form: its folder in diffusers' layout or as IR, a file with diffusers' or CompVis' names, or
    /// a whole model, of which only the UNet is taken.
    ///
    /// - Parameter model: the model that it is for. Its UNet's config tells what the tensors of a file do not, as in diffusers'
    ///   examples, which load such files into a network made from that config.
    /// - Throws: `FileError.missing`; `ModelError`, `SafetensorsError` and `ArchitectureError` for files of another kind, and the
    ///   errors of reading IR.
    public init(_ url: URL, for model: ModelSource) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else {
            throw FileError.missing(path: url.path)
        }
        // A component's file has its config beside it.
        let isComponentFile = !isDirectory.boolValue && CheckpointName(url.lastPathComponent) != nil
        let folder = isComponentFile ? url.deletingLastPathComponent() : url
        func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder.appending(path: name).path) }
        if isComponentFile || isDirectory.boolValue, has("config.json"), !has("model_index.json") {
            network = try Self.component(folder).network(from: Registry.unets)
            return
        }
        let source = try ModelSource(url)
        let component = try source.component("unet")
        network =
            source.isUNetAlone
            ? try Self.network(component.weights(), url, for: model) : try component.network(from: Registry.unets)
    }

    private static let className = "UNet2DConditionModel"

    /// - Throws: `ModelError.notAModel` for another network's folder.
    private static func component(_ folder: URL) throws -> Component {
        let component = Component(name: "unet", library: "diffusers", className: className, folder: folder)
        guard let own = try component.configValues()["_class_name"]?.string, own != className else { return component }
        throw ModelError.notAModel(path: folder.path, reason: "it is of the class \(own), not \(className)")
    }

    // MARK: Files

    /// Parameters that no tensor tells.
    private static let untold = [
        "sample_size", "attention_head_dim", "num_attention_heads", "norm_num_groups", "norm_eps", "act_fn", "flip_sin_to_cos",
        "freq_shift", "downsample_padding", "center_input_sample", "mid_block_scale_factor",
    ]

    /// A UNet of tensors alone.
    private static func network(
        _ weights: Weights, _ url: URL, for model: ModelSource
    ) throws -> Network<UNet2DConditionModel> {
        func config(_ component: String) -> JSONValue? { try? model.components[component]?.configValues() }
        let own = config("unet")
        let told = try UNet2DConditionModel.config(
            of: weights, sampleSize: own?["sample_size"]?.int, textProjection: config("text_encoder_2")?["projection_dim"]?.int)
        var members = (told.object ?? JSONObject()).map { ($0.key, JSONValue?.some($0.value)) }
        // Heads are counted for each block.
        if let own, own["block_out_channels"] == told["block_out_channels"] {
            members.removeAll { untold.contains($0.0) }
            members += untold.map { ($0, own[$0]) }
        }
        let reader = ConfigReader(.members(members), className: className, file: url.path)
        return Network(try Registry.make(reader, from: Registry.unets), .checkpoint(weights))
    }
}
