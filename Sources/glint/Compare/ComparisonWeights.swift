import Architectures
import Evaluation
import ModelGraph
import TensorStore

extension Weights {
    /// The tensors of one file: .safetensors, or a state dict as torch keeps it.
    /// - Throws: `SafetensorsError`, `TorchFileError`.
    init(file path: String) throws {
        self =
            path.hasSuffix(".safetensors")
            ? Weights(try SafetensorsCheckpoint(path: path), source: path) : try TorchPickleFile(path: path).weights
    }
}
