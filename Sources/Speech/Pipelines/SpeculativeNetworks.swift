import ModelLoading
import TensorStore
import Tokenizers

/// Networks whose single texts a draft model writes ahead.
final class SpeculativeNetworks: TextNetworks {
    let takesAllSizes = true
    private let networks: BuiltNetworks
    private let draft: DraftModel
    private let vocabulary: DecodingVocabulary
    private(set) var statistics = SpeculationStatistics()

    /// Precedes the names of the draft's keys and values.
    private static let prefix = "draft."

    init(_ networks: BuiltNetworks, draft: DraftModel, _ vocabulary: DecodingVocabulary) {
        (self.networks, self.draft, self.vocabulary) = (networks, draft, vocabulary)
    }

    func encode(_ features: Tensor) async throws -> [String: Tensor] {
        var sound = try await networks.encode(features)
        for (name, tensor) in try await draft.encode(features, sound) { sound[Self.prefix + name] = tensor }
        return sound
    }

    /// Texts of several windows are written without the draft.
    func tokens(over sound: [String: Tensor], windows: Int) throws -> any TokenSource {
        let plain = try networks.tokens(over: sound, windows: windows)
        return windows == 1 ? SpeculativeTokenSource(plain, speculativeText(over: sound)) : plain
    }

    func text(over sound: [String: Tensor]) -> any TextSource { speculativeText(over: sound) }

    private func speculativeText(over sound: [String: Tensor]) -> SpeculativeText {
        var drafted: [String: Tensor] = [:]
        for (name, tensor) in sound where name.hasPrefix(Self.prefix) {
            drafted[String(name.dropFirst(Self.prefix.count))] = tensor
        }
        return SpeculativeText(networks.text(over: sound), draft: draft.text(over: drafted), vocabulary) {
            self.statistics += $0
        }
    }
}
