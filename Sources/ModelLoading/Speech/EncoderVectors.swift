import Architectures
import ModelGraph
import TensorStore

extension Weights {
    /// The tensors of rank 1 of a Whisper encoder, by names without a prefix.
    var encoderVectors: [String: Entry] {
        renamed { $0.hasPrefix("model.") ? String($0.dropFirst("model.".count)) : $0 }.entries.filter { name, entry in
            name.hasPrefix("encoder.") && entry.shape.rank == 1
        }
    }
}

extension Weights.Entry {
    /// Whether type, shape and bytes are those of another.
    func hasElements(of other: Weights.Entry) -> Bool {
        guard elementType == other.elementType, shape == other.shape, data.byteCount == other.data.byteCount else { return false }
        return data.withUnsafeBytes { own in other.data.withUnsafeBytes { own.elementsEqual($0) } }
    }
}
