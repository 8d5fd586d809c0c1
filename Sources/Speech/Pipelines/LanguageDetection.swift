import Foundation
import Tokenizers

/// The probabilities of the languages that a window's speech may be in.
///
/// Reference: OpenAI's `detect_language`.
struct LanguageDetection {
    let tokenizer: WhisperTokenizer

    /// - Returns: the languages with a token, the most probable first.
    func probabilities(_ source: any TokenSource) async throws -> [(language: WhisperLanguage, probability: Double)] {
        let start = Int(tokenizer.special.startOfTranscript)
        let logits = try await source.begin([start], count: 1, position: 0).last
        let languages = tokenizer.special.languages.filter { Int($0.id) < logits.count }
        let scores = languages.map { logits[Int($0.id)] }
        let total = scores[...].logSumExp()
        return zip(languages, scores).map { ($0.language, Double(exp($1 - total))) }.sorted { $0.1 > $1.1 }
    }
}
