import Architectures
import Evaluation
import Foundation
import ModelGraph
import ModelLoading

/// What the networks of a model take on disk.
enum ModelSizes {
    /// Components in the order of tables; the halves of an autoencoder count as one.
    static let components = ["text_encoder", "unet", "vae"]

    /// Bytes of each component that is there: IR with its XML, or the tensors of the checkpoint that is read.
    static func bytes(_ folder: ModelFolder) throws -> [String: Int] {
        var bytes: [String: Int] = [:]
        for name in components {
            let halves = name == "vae" ? ["vae_decoder", "vae_encoder"].map { folder.url.appending(path: $0) } : []
            let folders = halves + [folder.components[name]?.folder].compactMap { $0 }
            let files = folders.flatMap { [$0.appending(path: Component.irName), $0.appending(path: "openvino_model.bin")] }
            let found = files.filter { FileManager.default.fileExists(atPath: $0.path) }
            if !found.isEmpty {
                bytes[name] = try found.reduce(0) { try $0 + ($1.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0) }
            } else if let component = folder.components[name], component.hasWeights {
                bytes[name] = try component.weights().entries.values.reduce(0) { $0 + $1.data.byteCount }
            }
        }
        return bytes
    }

    /// Component by component, and in all.
    static func compared(_ baseline: ModelFolder, _ candidate: ModelFolder) throws -> [ComparisonReport.Size] {
        let (a, b) = (try bytes(baseline), try bytes(candidate))
        let sizes = components.filter { a[$0] != nil || b[$0] != nil }.map {
            ComparisonReport.Size(component: $0, baselineBytes: a[$0] ?? 0, candidateBytes: b[$0] ?? 0)
        }
        return sizes + [
            .init(
                component: "in all", baselineBytes: sizes.reduce(0) { $0 + $1.baselineBytes },
                candidateBytes: sizes.reduce(0) { $0 + $1.candidateBytes })
        ]
    }
}
