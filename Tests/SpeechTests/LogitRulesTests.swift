import Foundation
import TensorStore
import TestSupport
import Testing

@testable import Speech

@Suite struct LogitRulesTests {
    /// OpenAI's `SuppressBlank` and `ApplyTimestampRules`.
    @Test func areOpenAIs() throws {
        let text = try Data(contentsOf: Goldens.url("Speech/rules.json"))
        let cases = try #require(try JSONValue(parsing: text).array)
        #expect(cases.count == 80)
        for (index, golden) in cases.enumerated() {
            let lift = Float(try #require(golden["lift"]?.int))
            let sampled = try #require(golden["tokens"]?.array).compactMap(\.int)
            var logits = (0..<TestTokenizer.vocabulary).map { token in
                Float((token * 7919 + index * 104_729) % 1009) / 64 - 8 + (token >= TestTokenizer.timestampBegin ? lift : 0)
            }
            var rules = LogitRules(vocabulary: TestTokenizer.rules)
            rules.maxInitialTimestamp = golden["maximum"]?.int.map { Double($0) * 0.02 }
            rules.apply(to: &logits, sampled: sampled)
            let runs = try #require(golden["allowed"]?.array).compactMap { $0.array?.compactMap(\.int) }
            let allowed = runs.flatMap { Array($0[0]...$0[1]) }
            #expect(logits.indices.filter { logits[$0] > -.infinity } == allowed, "case \(index): \(sampled)")
        }
    }

    @Test func withoutTimestamps() {
        var rules = LogitRules(vocabulary: TestTokenizer.rules)
        rules.timestamps = false
        var logits = [Float](repeating: 0, count: TestTokenizer.vocabulary)
        rules.apply(to: &logits, sampled: [])
        let times = Array(TestTokenizer.timestampBegin..<TestTokenizer.vocabulary)
        #expect(logits.indices.filter { logits[$0] == -.infinity } == [32, TestTokenizer.end] + times)
        rules.suppressesBlank = false
        logits = [Float](repeating: 0, count: TestTokenizer.vocabulary)
        rules.apply(to: &logits, sampled: [])
        #expect(logits.indices.filter { logits[$0] == -.infinity } == times)
    }

    @Test func sumsOfExponentials() {
        let values: [Float] = (0..<1003).map { Float($0 % 37) / 3 - 6 }
        let expected = log(values.reduce(0.0) { $0 + exp(Double($1)) })
        #expect(abs(Double(values[...].logSumExp()) - expected) < 1e-5)
        #expect([Float](repeating: -.infinity, count: 9)[...].logSumExp() == -.infinity)
        #expect([Float]()[...].logSumExp() == -.infinity)
        #expect([Float](arrayLiteral: -.infinity, 3, -200)[...].logSumExp() == 3)
    }
}
