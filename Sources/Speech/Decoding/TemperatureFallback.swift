/// A window's tokens, and how good they are.
struct DecodedWindow {
    var tokens: [Int]
    var text: String
    var temperature: Double
    var averageLogProbability: Double
    var compressionRatio: Double
    /// Of the token for no speech, after the start of the transcript.
    var noSpeechProbability: Double
}

/// Decodes a window at rising temperatures until the text is good enough.
///
/// Reference: faster-whisper's `generate_with_fallback`.
struct TemperatureFallback {
    let options: DecodingOptions

    /// - Parameter decode: decodes the window at a temperature.
    func decode(_ decode: (Double) async throws -> DecodedWindow) async throws -> DecodedWindow {
        var failed: [(window: DecodedWindow, repeats: Bool)] = []
        for temperature in options.temperatures {
            let window = try await decode(temperature)
            let repeats = options.compressionRatioThreshold.map { window.compressionRatio > $0 } ?? false
            let isImprobable = options.logProbabilityThreshold.map { window.averageLogProbability < $0 } ?? false
            // Improbable words over what sounds like silence are not decoded again: the window is skipped.
            let isSilent = isImprobable && options.noSpeechThreshold.map { window.noSpeechProbability > $0 } ?? false
            if isSilent || !(repeats || isImprobable) { return window }
            failed.append((window, repeats))
        }
        // None is good: the most probable of those that do not repeat themselves, else of all.
        let quiet = failed.filter { !$0.repeats }
        guard
            var best = (quiet.isEmpty ? failed : quiet).map(\.window).max(by: {
                $0.averageLogProbability < $1.averageLogProbability
            })
        else { preconditionFailure("there is at least one temperature") }
        // What follows must not continue this text.
        best.temperature = options.temperatures.last ?? best.temperature
        return best
    }

    /// Whether a window has no speech.
    func isSilent(_ window: DecodedWindow) -> Bool {
        guard let threshold = options.noSpeechThreshold, window.noSpeechProbability > threshold else { return false }
        return options.logProbabilityThreshold.map { window.averageLogProbability <= $0 } ?? true
    }
}
