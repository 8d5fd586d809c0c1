import Architectures
import TensorStore

/// The autoencoder that a file's tensors are, under diffusers' names.
enum SingleFileAutoencoder {
    case kl(Weights)
    case tiny(Weights)

    /// - Returns: nil for tensors of anything else.
    init?(_ tensors: Weights) {
        let nested = SingleFileModel.autoencoder(tensors) ?? tensors.namingAutoencoderAsDiffusers()
        if nested.contains("decoder.mid_block.resnets.0.norm1.weight") {
            self = .kl(nested)
        } else if let tiny = tensors.namingTinyAutoencoderAsDiffusers() {
            self = .tiny(tiny)
        } else {
            return nil
        }
    }
}
