import Architectures
import Inference
import ModelLoading
import TensorStore

/// The compiled networks of a speech model: one hears a window, and others write tokens over it.
///
/// Not `Sendable`: one task at a time uses them, and a window at a time.
protocol WhisperNetworks {
    /// Encodes a window.
    /// - Parameter features: a log-mel spectrogram, `[1, bins, frames]`.
    /// - Returns: the tensors that `tokens` takes.
    func encode(_ features: Tensor) async throws -> [String: Tensor]

    /// A decoder over an encoded window; those of other windows are then not used any more.
    func tokens(over sound: [String: Tensor]) throws -> any TokenSource
}
