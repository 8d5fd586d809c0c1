import TensorStore

/// The compiled networks of a speech model: one hears windows, and others write tokens over them.
///
/// Not `Sendable`: one task at a time uses them, and the windows of one run at a time.
protocol WhisperNetworks {
    /// Whether several windows are heard and written side by side, and sound that is shorter than 30 s.
    var takesAllSizes: Bool { get }

    /// Encodes windows.
    /// - Parameter features: log-mel spectrograms, `[windows, bins, frames]`.
    /// - Returns: the tensors that `tokens` takes, with a row for each window.
    func encode(_ features: Tensor) async throws -> [String: Tensor]

    /// A decoder over encoded windows; those of others are then not used any more.
    func tokens(over sound: [String: Tensor], windows: Int) throws -> any TokenSource
}

/// Networks whose tokens can be taken back.
protocol TextNetworks: WhisperNetworks {
    /// A decoder over one text of one encoded window, as `tokens`.
    func text(over sound: [String: Tensor]) -> any TextSource
}
