import Foundation
import Testing

@testable import Speech

@Suite struct TokenSearchTests {
    private let a = Int(UInt8(ascii: "a")), b = Int(UInt8(ascii: "b")), c = Int(UInt8(ascii: "c"))

    private func bounds(limit: Int = 224) -> SearchBounds {
        var rules = LogitRules(vocabulary: TestTokenizer.rules)
        rules.timestamps = false
        return SearchBounds(rules: rules, endOfText: TestTokenizer.end, limit: limit)
    }

    /// Log probabilities of the next token by the text so far; all others are impossible.
    private func source(_ tables: [String: [String: Double]]...) -> ScriptedSource {
        ScriptedSource(
            windows: tables.map { table in
                { sequence in
                    let text = String(decoding: sequence.dropFirst().filter { $0 < 256 }.map { UInt8($0) }, as: UTF8.self)
                    var row = [Float](repeating: -.infinity, count: TestTokenizer.vocabulary)
                    for (token, probability) in table[text] ?? ["": 1] {
                        row[token.utf8.first.map(Int.init) ?? TestTokenizer.end] = Float(log(probability))
                    }
                    return row
                }
            })
    }

    private func decode(
        _ source: ScriptedSource, _ method: SearchMethod, limit: Int = 224, seed: UInt64 = 1
    ) async throws -> DecodedTokens {
        try await decodeAll(source, method, limit: limit, seed: seed)[0]
    }

    private func decodeAll(
        _ source: ScriptedSource, _ method: SearchMethod, limit: Int = 224, seed: UInt64 = 1
    ) async throws -> [DecodedTokens] {
        let prompt = WindowPrompt(start: Int32(TestTokenizer.start))
        let first = try await source.begin(Array(repeating: prompt, count: source.windows))
        var searches = first.map { _ in method.search(bounds(limit: limit), random: SplitMix(seed: seed)) }
        try await source.run(&searches, firstLogits: first.map(\.last))
        return searches.map(\.best)
    }

    /// The most probable first token leads to a less probable text.
    private let tempting: [String: [String: Double]] = [
        "": ["a": 0.6, "b": 0.4], "a": ["a": 0.5, "b": 0.5], "b": ["c": 0.99, "a": 0.01],
    ]

    @Test func greedyTakesTheMostProbableToken() async throws {
        let found = try await decode(source(["": ["a": 0.6, "b": 0.4], "a": ["c": 0.75, "b": 0.25]]), .greedy)
        #expect(found.tokens == [a, c])
        #expect(abs(Double(found.logProbability) - log(0.6 * 0.75)) < 1e-5)
        #expect(abs(found.averageLogProbability - log(0.6 * 0.75) / 3) < 1e-5)
    }

    @Test func beamsFindTheMostProbableText() async throws {
        #expect(try await decode(source(tempting), .greedy).tokens.first == a)
        let found = try await decode(source(tempting), .beam(size: 2))
        #expect(found.tokens == [b, c])
        #expect(abs(Double(found.logProbability) - log(0.4 * 0.99)) < 1e-5)
    }

    /// A short text has a higher sum of log probabilities; divided by its length the long one wins.
    @Test func lengthPenaltyDecides() async throws {
        let table = ["": ["a": 0.6, "b": 0.4], "a": ["": 0.7, "c": 0.3], "b": ["a": 1.0], "ba": ["a": 1], "baa": ["": 1.0]]
        #expect(try await decode(source(table), .beam(size: 2, lengthPenalty: 0)).tokens == [a])
        #expect(try await decode(source(table), .beam(size: 2, patience: 2, lengthPenalty: 1)).tokens == [b, a, a])
    }

    @Test(arguments: [SearchMethod.greedy, .beam(size: 3), .sampling(temperature: 0.5, bestOf: 2)])
    func textsEndAtTheLimit(_ method: SearchMethod) async throws {
        let endless = ScriptedSource { _ in
            var row = [Float](repeating: -.infinity, count: TestTokenizer.vocabulary)
            row[97] = 0
            return row
        }
        let found = try await decode(endless, method, limit: 5)
        #expect(found.tokens == [97, 97, 97, 97, 97] && found.logProbability == 0)
        #expect(endless.steps <= 5)
    }

    /// Tokens are drawn by their probability at the temperature, and the same seed draws the same.
    @Test func samplingFollowsTheTemperature() async throws {
        let table = ["": ["a": 0.8, "b": 0.2]]
        func share(_ temperature: Double) async throws -> Double {
            var count = 0
            for seed in 0..<400 {
                let found = try await decode(source(table), .sampling(temperature: temperature, bestOf: 1), seed: UInt64(seed))
                count += found.tokens == [a] ? 1 : 0
            }
            return Double(count) / 400
        }
        // At temperature 0.5 probabilities are squared: 0.64 to 0.04.
        let (one, half) = (try await share(1), try await share(0.5))
        #expect(abs(one - 0.8) < 0.06)
        #expect(abs(half - 0.941) < 0.04)
        let method = SearchMethod.sampling(temperature: 1, bestOf: 3)
        #expect(try await decode(source(tempting), method, seed: 4) == decode(source(tempting), method, seed: 4))
    }

    @Test func theBestOfSeveralIsTaken() async throws {
        let found = try await decode(
            source(["": ["a": 0.5, "b": 0.5], "b": ["c": 0.5, "a": 0.5]]), .sampling(temperature: 1, bestOf: 40))
        #expect(found.tokens == [a])
    }

    /// Windows beside each other have the texts that each has alone, and the longest says how many steps there are.
    @Test(arguments: [SearchMethod.greedy, .beam(size: 2), .beam(size: 3, patience: 2), .sampling(temperature: 1, bestOf: 3)])
    func windowsDoNotDependOnEachOther(_ method: SearchMethod) async throws {
        let tables: [[String: [String: Double]]] = [
            tempting, ["": ["a": 1.0]], ["": ["a": 0.5, "b": 0.5], "b": ["c": 0.5, "a": 0.5]],
            ["": ["a": 0.6, "b": 0.4], "a": ["": 0.7, "c": 0.3], "b": ["a": 1.0], "ba": ["a": 1], "baa": ["": 1.0]],
        ]
        var alone: [DecodedTokens] = []
        var steps = 0
        for table in tables {
            let source = source(table)
            alone.append(try await decode(source, method))
            steps = max(steps, source.steps)
        }
        let together = source(tables[0], tables[1], tables[2], tables[3])
        #expect(try await decodeAll(together, method) == alone)
        #expect(together.steps == steps)
    }

    @Test func largestValuesInOrder() {
        let values: [Float] = [1, 5, -.infinity, 5, 3]
        #expect(values.largest(3).map(\.index) == [1, 3, 4])
        #expect(values.largest(9).map(\.index) == [1, 3, 4, 0])
        #expect(values.largestIndex == 1 && [Float]().largestIndex == nil)
        let many: [Float] = (0..<5003).map { Float(($0 * 7919) % 5003) }
        #expect(many.largest(3).map(\.value) == [5002, 5001, 5000] && many[many.largestIndex ?? 0] == 5002)
    }

    @Test func cancelledBetweenTokens() async throws {
        let table = ["": ["a": 1.0], "a": ["b": 1.0]]
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await decode(source(table), .greedy)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
