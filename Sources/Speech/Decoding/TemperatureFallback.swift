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

/// Decodes windows at rising temperatures until each text is good enough.
///
/// Reference: faster-whisper's `generate_with_fallback`.
struct TemperatureFallback {
    let options: DecodingOptions

    /// Those of the options; 0 where they have none.
    private var temperatures: [Double] { options.temperatures.isEmpty ? [0] : options.temperatures }

    /// - Parameters:
    ///   - count: the number of windows.
    ///   - decode: decodes some of the windows at a temperature, those whose texts were not good enough so far.
    func decode(
        _ count: Int, _ decode: (_ temperature: Double, _ windows: [Int]) async throws -> [DecodedWindow]
    ) async throws -> [DecodedWindow] {
        var good: [Int: DecodedWindow] = [:]
        var failed: [[(window: DecodedWindow, repeats: Bool)]] = Array(repeating: [], count: count)
        for temperature in temperatures where good.count < count {
            let left = (0..<count).filter { good[$0] == nil }
            for (index, window) in zip(left, try await decode(temperature, left)) {
                let repeats = options.compressionRatioThreshold.map { window.compressionRatio > $0 } ?? false
                let isImprobable = options.logProbabilityThreshold.map { window.averageLogProbability < $0 } ?? false
                // Improbable words over what sounds like silence are not decoded again: the window is skipped.
                let isSilent = isImprobable && options.noSpeechThreshold.map { window.noSpeechProbability > $0 } ?? false
                if isSilent || !(repeats || isImprobable) {
                    good[index] = window
                } else {
                    failed[index].append((window, repeats))
                }
            }
        }
        return (0..<count).map { good[$0] ?? best(of: failed[$0]) }
    }

    /// Of texts none of which is good, the most probable of those that do not repeat themselves, else of all.
    private func best(of failed: [(window: DecodedWindow, repeats: Bool)]) -> DecodedWindow {
        let quiet = failed.filter { !$0.repeats }
        guard
            var best = (quiet.isEmpty ? failed : quiet).map(\.window).max(by: {
                $0.averageLogProbability < $1.averageLogProbability
            })
        else { preconditionFailure("there is at least one temperature") }
        // What follows must not continue this text.
        best.temperature = temperatures.last ?? best.temperature
        return best
    }

    /// Whether a window has no speech.
    func isSilent(_ window: DecodedWindow) -> Bool {
        guard let threshold = options.noSpeechThreshold, window.noSpeechProbability > threshold else { return false }
        return options.logProbabilityThreshold.map { window.averageLogProbability <= $0 } ?? true
    }
}
