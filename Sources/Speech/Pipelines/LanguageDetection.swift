import Foundation
import Tokenizers

/// The probabilities of the languages that windows' speech may be in.
///
/// Reference: OpenAI's `detect_language`.
struct LanguageDetection {
    let tokenizer: WhisperTokenizer

    /// - Returns: for each window, the languages with a token, the most probable first.
    func probabilities(_ source: any TokenSource) async throws -> [[(language: WhisperLanguage, probability: Double)]] {
        let prompt = WindowPrompt(start: tokenizer.special.startOfTranscript)
        return try await source.begin(Array(repeating: prompt, count: source.windows)).map { probabilities($0.last) }
    }

    /// - Parameter logits: those after the start of the transcript.
    /// - Returns: the languages with a token, the most probable first.
    func probabilities(_ logits: [Float]) -> [(language: WhisperLanguage, probability: Double)] {
        let languages = tokenizer.special.languages.filter { Int($0.id) < logits.count }
        let scores = languages.map { logits[Int($0.id)] }
        let total = scores[...].logSumExp()
        return zip(languages, scores).map { ($0.language, Double(exp($1 - total))) }.sorted { $0.1 > $1.1 }
    }
}
