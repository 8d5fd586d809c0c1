/// Settles words that two hypotheses in a row agree on.
///
/// Liu et al. 2020, "Low-Latency Sequence-to-Sequence Speech Recognition and Translation by Partial Hypothesis Selection";
/// LocalAgreement-2 of Macháček et al. 2023, "Turning Whisper into Real-Time Transcription System".
struct LocalAgreement {
    /// The words of the last hypothesis that are not settled.
    private(set) var open: [String] = []

    /// - Parameters:
    ///   - hypothesis: the words after the settled ones.
    ///   - most: the number of words at its beginning that may be settled.
    /// - Returns: the number of words at its beginning that are settled now.
    mutating func settled(_ hypothesis: [String], most: Int) -> Int {
        let count = zip(open, hypothesis.prefix(most)).prefix { $0 == $1 }.count
        open = Array(hypothesis[count...])
        return count
    }

    /// Forgets the last hypothesis.
    mutating func reset() { open = [] }
}
