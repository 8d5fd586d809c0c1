import Architectures
import ModelGraph
import TensorStore
import TestSupport
import Testing

/// What a cached run gives must be what the whole text gives, which `WhisperModelTests` compares with transformers.
@Suite struct WhisperCacheTests {
    private let golden: WhisperGolden

    init() throws { golden = try WhisperGolden("equal-depth") }

    /// Logits after the last token of `text`, run at once.
    private func whole(_ text: [Int], hearing sound: [String: Tensor]) async throws -> [Float] {
        let writer = try golden.decoder(hearing: sound)
        return try await writer.logits(writer([.sequence(text)], logitRows: [text.count - 1]))[0][0]
    }

    /// So many tokens that slots are freed, then that memory grows: beams begin anew at each step, and later all stay.
    @Test func manyBeamsForManySteps() async throws {
        let sound = try golden.encoded(window: 1)
        let writer = try golden.decoder(hearing: sound)
        var texts = [[191, 5]]
        _ = try await writer([.sequence(texts[0])])
        var logits: [[Float]] = []
        var lengths: Set<Int> = []
        for step in 0..<25 {
            let parents = step == 0 ? [0, 0, 0, 0, 0, 0] : step < 14 ? [1, 0, 1, 3, 3, step % 6] : [5, 4, 3, 2, 1, 0]
            let ids = (0..<6).map { (step * 31 + $0 * 17) % 190 }
            logits = try await writer.beams(ids, after: parents)
            texts = zip(ids, parents).map { texts[$1] + [$0] }
            #expect(writer.cache.texts[0].map(\.count) == texts.map(\.count))
            lengths.insert(writer.cache.length)
        }
        // 152 tokens were run. What the first fourteen steps left was freed.
        #expect(lengths == [64, 128], "\(lengths)")
        for (text, found) in zip(texts, logits) {
            expectClose(found, try await whole(text, hearing: sound), tolerance: 1e-4, "\(text)")
        }
    }

    /// Prompts of other lengths, other numbers of beams, and windows that end before others.
    @Test func windowsAreIndependent() async throws {
        let both = try golden.encoded()
        let writer = try golden.decoder(hearing: both)
        var outputs = try await writer([.sequence([191, 7, 9, 44, 3]), .sequence([191, 8])])
        let prompts = try writer.logits(outputs)
        for window in 0...1 {
            let sound = try golden.encoded(window: window)
            let text = [[191, 7, 9, 44, 3], [191, 8]][window]
            expectClose(prompts[window][4], try await whole(text, hearing: sound), tolerance: 1e-4, "window \(window)")
        }
        _ = try await writer([.beams([50, 51, 52], after: [0, 0, 0]), .beams([60], after: [0])])
        // The first window has ended; the second's two texts change places at each step.
        var texts = [[191, 8, 60]]
        for step in 0..<20 {
            let parents = step == 0 ? [0, 0] : [1, 0]
            outputs = try await writer([.beams([], after: []), .beams([61 + step, 90 + step], after: parents)])
            texts = [texts[parents[0]] + [61 + step], texts[parents[1]] + [90 + step]]
        }
        #expect(writer.cache.texts.map { $0.map(\.count) } == [[], [23, 23]])
        let sound = try golden.encoded(window: 1)
        for (text, found) in zip(texts, try writer.logits(outputs)[1]) {
            expectClose(found, try await whole(text, hearing: sound), tolerance: 1e-4, "\(text)")
        }
    }

    @Test func outputsOfAnotherNetwork() throws {
        let cache = WhisperCache(golden.model.config)
        _ = try cache.inputs([.sequence([1, 2])])
        #expect(throws: ArchitectureError.missingTensor("keys.0", in: "the decoder's outputs")) { try cache.store([:]) }
        let error = ArchitectureError.tensorShape(
            "keys.0", in: "the decoder's outputs", expected: [1, 2, 2, 12], found: [1, 3, 2, 12])
        #expect(throws: error) { try cache.store(["keys.0": Tensor(zeros: [1, 3, 2, 12])]) }
    }
}
