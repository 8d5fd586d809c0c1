import Architectures
public import Evaluation
import Foundation
import ModelGraph
public import ModelLoading

/// The sizes of a model's weights on disk.
public enum ModelSizes {
    /// Networks in the order of tables. IR has the halves of an autoencoder in separate files; in a checkpoint the tensors' names
    /// distinguish them.
    private static let networks = ["text_encoder", "text_encoder_2", "unet", "vae_decoder", "vae_encoder"]
    /// Prefixes of the names of each half's tensors.
    private static let halves = ["vae_decoder": ["decoder.", "post_quant_conv."], "vae_encoder": ["encoder.", "quant_conv."]]

    /// The size of each network in bytes: the .bin of its IR, or the tensors of its checkpoint.
    public static func bytes(_ folder: ModelSource) throws -> [String: Int] {
        var bytes: [String: Int] = [:]
        for name in networks {
            let binary = folder.url.appending(path: name).appending(path: "openvino_model.bin")
            if FileManager.default.fileExists(atPath: binary.path) {
                bytes[name] = try binary.resourceValues(forKeys: [.fileSizeKey]).fileSize
                continue
            }
            let prefixes = halves[name]
            // A model without the autoencoder's encoder can still draw.
            guard let weights = try? folder.components[prefixes == nil ? name : "vae"]?.weights() else { continue }
            let entries = weights.entries.filter { entry in
                prefixes.map { $0.contains { entry.key.hasPrefix($0) } } ?? true
            }
            if !entries.isEmpty { bytes[name] = entries.values.reduce(0) { $0 + $1.data.byteCount } }
        }
        return bytes
    }

    /// The sizes of the networks that both models have, and their sum.
    public static func compared(_ baseline: ModelSource, _ candidate: ModelSource) throws -> [ComparisonReport.Size] {
        let (a, b) = (try bytes(baseline), try bytes(candidate))
        let sizes = networks.compactMap { name in
            a[name].flatMap { first in
                b[name].map { ComparisonReport.Size(component: name, baselineBytes: first, candidateBytes: $0) }
            }
        }
        return sizes + [
            .init(
                component: "in all", baselineBytes: sizes.reduce(0) { $0 + $1.baselineBytes },
                candidateBytes: sizes.reduce(0) { $0 + $1.candidateBytes })
        ]
    }
}
