/// The length of sound that the encoder hears of each window.
///
/// Whisper was trained on windows of 30 s, so that shorter sound is followed by silence. A shorter context takes less time, and
/// changes some words; one of less than 10 s makes texts repeat themselves.
public enum AudioContext: Sendable, Hashable {
    /// 30 s.
    case full
    /// The length of the sound and some silence, but at least the given seconds. Windows that are decoded side by side have the
    /// length of the longest.
    case fitted(atLeast: Double = 10)

    /// The seconds of silence after the sound.
    static let margin = 1.0

    /// Positions of the encoder, of 20 ms: whole seconds.
    /// - Parameters:
    ///   - frames: of the longest window, of 10 ms.
    ///   - limit: the model's positions.
    func positions(frames: Int, limit: Int) -> Int {
        switch self {
        case .full: return limit
        case .fitted(let least): return min(limit, Int(max(Double(frames) / 100 + Self.margin, least).rounded(.up)) * 50)
        }
    }
}
