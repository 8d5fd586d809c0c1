/// A text that a smaller model writes ahead, several tokens at a time, which the larger model then reads in one run.
///
/// The logits are the larger model's: a text that is chosen by them is the same as without the smaller model, whatever that one
/// says. Leviathan et al. 2023, "Fast Inference from Transformers via Speculative Decoding", for the most probable tokens.
final class SpeculativeText: TextSource {
    private let target: any TextSource
    private let draft: any TextSource
    /// The rules after the first token, so that the draft proposes nothing that they forbid.
    private var rules: LogitRules
    private let report: (SpeculationStatistics) -> Void

    /// The tokens after the prompt.
    private var tokens: [Int] = []
    private var promptLength = 0
    /// Proposed tokens that the target has run but that the text does not have, and the logits after each.
    private var ahead: [(token: Int, logits: [Float])] = []
    /// Tokens after the prompt that the draft has run.
    private var drafted: [Int] = []
    /// The number of tokens to propose, by how many were accepted.
    private var count = 4
    private(set) var statistics = SpeculationStatistics()

    private static let counts = 1...8

    /// - Parameter report: receives the use of the draft when the text is let go.
    init(
        _ target: any TextSource, draft: any TextSource, _ vocabulary: DecodingVocabulary,
        report: @escaping (SpeculationStatistics) -> Void = { _ in }
    ) {
        (self.target, self.draft, self.report) = (target, draft, report)
        rules = LogitRules(vocabulary: vocabulary)
    }

    deinit { report(statistics) }

    var length: Int { min(target.length, draft.length) }

    func begin(_ prompt: [Int], positions: [Int]) async throws -> [[Float]] {
        (tokens, ahead, drafted, promptLength) = ([], [], [], prompt.count)
        rules.timestamps = !prompt.contains(rules.vocabulary.noTimestamps)
        _ = try await draft.begin(prompt, positions: [prompt.count - 1])
        return try await target.begin(prompt, positions: positions)
    }

    func extend(_ next: [Int]) async throws -> [[Float]] {
        var rows: [[Float]] = []
        for token in next { rows.append(try await extend(token)) }
        return rows
    }

    func removeLast(_ count: Int) {
        target.removeLast(ahead.count + count)
        ahead = []
        tokens.removeLast(count)
    }

    private func extend(_ token: Int) async throws -> [Float] {
        if let first = ahead.first, first.token == token {
            statistics.accepted += 1
            tokens.append(token)
            return ahead.removeFirst().logits
        }
        let isAccepted = ahead.isEmpty
        target.removeLast(ahead.count)
        ahead = []
        tokens.append(token)
        // Transformers' rule: two more after all were accepted, one less after one was not.
        if statistics.runs > 0 {
            count = min(max(isAccepted ? count + 2 : count - 1, Self.counts.lowerBound), Self.counts.upperBound)
        }
        let proposed = try await propose(min(count, length - promptLength - tokens.count))
        statistics.runs += 1
        statistics.proposed += proposed.count
        let rows = try await target.extend([token] + proposed)
        ahead = zip(proposed, rows.dropFirst()).map { ($0, $1) }
        return rows[0]
    }

    /// The draft's continuation of the text.
    private func propose(_ count: Int) async throws -> [Int] {
        guard count > 0 else { return [] }
        let shared = zip(drafted, tokens).prefix { $0 == $1 }.count
        draft.removeLast(drafted.count - shared)
        drafted.removeLast(drafted.count - shared)
        var proposed: [Int] = []
        var next = Array(tokens[shared...])
        while true {
            drafted += next
            guard var logits = try await draft.extend(next).last else { break }
            rules.apply(to: &logits, sampled: tokens + proposed)
            guard let token = logits.largestIndex, token != rules.vocabulary.endOfText else { break }
            proposed.append(token)
            guard proposed.count < count else { break }
            next = [token]
        }
        return proposed
    }
}

/// The use of a draft model.
public struct SpeculationStatistics: Sendable, Equatable {
    /// Runs of the larger model.
    public var runs = 0
    /// Tokens of the smaller model.
    public var proposed = 0
    /// Those of them that the text has.
    public var accepted = 0

    static func += (total: inout SpeculationStatistics, more: SpeculationStatistics) {
        total.runs += more.runs
        total.proposed += more.proposed
        total.accepted += more.accepted
    }
}
