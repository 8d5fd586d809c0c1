@testable import Architectures
import Glibc
import Inference
import ModelGraph
import ModelLoading
import TensorStore
import TestSupport
import Testing

/// Goldens: `Tests/Goldens/Architectures/whisper/make.py`, transformers' WhisperForConditionalGeneration in f32 on the CPU.
@Suite struct WhisperModelTests {
    @Test(arguments: WhisperGolden.names) func hearsAsTransformers(_ name: String) throws {
        let golden = try WhisperGolden(name)
        let outputs = try golden.encoded()
        try expectClose(try #require(outputs["last_hidden_state"]), golden["last_hidden_state"], tolerance: 1e-4, name)
        let config = golden.model.config
        let shape: Shape = [
            try golden["input_features"].shape[0], config.decoderAttentionHeads, config.maxSourcePositions,
            config.decoderHeadWidth,
        ]
        for layer in 0..<config.decoderLayers {
            #expect(outputs[WhisperTensors.crossKeys(layer)]?.shape == [shape[0], shape[1], shape[3], shape[2]])
            #expect(outputs[WhisperTensors.crossValues(layer)]?.shape == shape)
        }
    }

    @Test(arguments: WhisperGolden.names) func readsPromptsAsTransformers(_ name: String) async throws {
        let golden = try WhisperGolden(name)
        let writer = try golden.decoder(hearing: golden.encoded())
        let outputs = try await writer(golden.prompts.map { .sequence($0) })
        try expectClose(try #require(outputs["logits"]), golden["logits"], tolerance: 1e-4, name)
    }

    /// A run of the prompt, then one of each token.
    @Test(arguments: WhisperGolden.names) func writesAsTransformers(_ name: String) async throws {
        let golden = try WhisperGolden(name)
        let prompts = try golden.prompts
        let writer = try golden.decoder(hearing: golden.encoded())
        var outputs = try await writer(prompts.map { .sequence($0) }, logitRows: [prompts[0].count - 1])
        let expected = try golden.rows("greedy_ids")
        var written: [[Int]] = prompts.map { _ in [] }
        for step in expected[0].indices {
            let chosen = try writer.logits(outputs).map { argMax($0[0]) }
            for (window, id) in chosen.enumerated() { written[window].append(id) }
            if step < expected[0].count - 1 { outputs = try await writer(chosen.map { .beams([$0], after: [0]) }) }
        }
        #expect(written == expected)
        expectClose(
            try writer.logits(outputs).joined().flatMap(\.self), try golden["greedy_logits"].elements(), tolerance: 1e-4, name)
    }

    /// Texts part after the second step, change places, and one begins twice.
    @Test(arguments: WhisperGolden.names) func beamsKeepTheirHistories(_ name: String) async throws {
        let golden = try WhisperGolden(name)
        let texts = try golden.rows("beam_ids")
        let writer = try golden.decoder(hearing: golden.encoded(window: 0))
        _ = try await writer([.sequence(Array(texts[0][..<3]))])
        _ = try await writer.beams([texts[0][3], 1, texts[2][3]], after: [0, 0, 0])
        _ = try await writer.beams([texts[2][4], texts[0][4], 2], after: [2, 0, 2])
        let logits = try await writer.beams(texts.map { $0[5] }, after: [1, 1, 0])
        expectClose(logits.flatMap(\.self), try golden["beam_logits"].elements(), tolerance: 1e-4, name)
    }

    @Test(arguments: WhisperGolden.names) func shorterSound(_ name: String) async throws {
        let golden = try WhisperGolden(name)
        let expected = try golden["short_last_hidden_state"]
        let sound = try golden.encoded(positions: expected.shape[1])
        try expectClose(try #require(sound["last_hidden_state"]), expected, tolerance: 1e-4, name)
        let writer = try golden.decoder(hearing: sound)
        let prompts = try golden.prompts
        let outputs = try await writer(prompts.map { .sequence($0) }, logitRows: [prompts[0].count - 1])
        expectClose(
            try writer.logits(outputs).joined().flatMap(\.self), try golden["short_logits"].elements(), tolerance: 1e-4, name)
    }

    /// One network takes sound of all lengths, and any number of windows.
    @Test(arguments: WhisperGolden.names) func soundOfAnyLength(_ name: String) async throws {
        let golden = try WhisperGolden(name)
        let graph = try golden.model.encoder(golden.golden.component.weights(), windows: .any, positions: .any)
        let network = try Executable("encoder", SizedGraph(graph))
        let features = try golden["input_features"]
        let (full, short) = (try golden["last_hidden_state"], try golden["short_last_hidden_state"])
        for (features, expected) in [
            (features, full), (try features.shortened(to: 2 * short.shape[1]), short), (features, full),
        ] {
            let outputs = try await network.run(["input_features": features])
            try expectClose(outputs.required("last_hidden_state", of: "encoder"), expected, tolerance: 1e-4, name)
        }
        let alone = try await network.run(["input_features": features.part(0)])
        try expectClose(alone.required("last_hidden_state", of: "encoder"), full.part(0), tolerance: 1e-4, name)
    }

    /// A network of fixed sizes, without a cache and with the scores of some heads: softmax gives what transformers returns.
    @Test(arguments: WhisperGolden.names) func scoresOfAlignmentHeads(_ name: String) async throws {
        let golden = try WhisperGolden(name)
        let (config, prompts) = (golden.model.config, try golden.prompts)
        let heads = [(config.decoderLayers - 1, 1), (0, 1), (0, 0), (config.decoderLayers - 1, 1)]
        let sizes = WhisperModel.DecoderSizes(
            windows: .fixed(prompts.count), tokens: .fixed(prompts[0].count), cacheLength: nil,
            positions: .fixed(config.maxSourcePositions))
        let writer = try golden.decoder(
            hearing: golden.encoded(), sizes, alignmentHeads: heads.map { .init(layer: $0.0, head: $0.1) })
        let outputs = try await writer(prompts.map { .sequence($0) })
        try expectClose(try #require(outputs["logits"]), golden["logits"], tolerance: 1e-4, name)
        let scores = try #require(outputs["alignment_scores"])
        let positions = config.maxSourcePositions
        #expect(scores.shape == [prompts.count, heads.count, prompts[0].count, positions])
        let found = try scores.elements(as: Float.self)
        let attentions = try golden["cross_attentions"]
        let reference = try attentions.elements(as: Float.self)
        let headCount = prompts[0].count * positions
        for window in prompts.indices {
            for (place, head) in heads.enumerated() {
                let from = (window * heads.count + place) * headCount
                let to = ((window * config.decoderLayers + head.0) * config.decoderAttentionHeads + head.1) * headCount
                let own = stride(from: from, to: from + headCount, by: positions).flatMap { start in
                    softmax(Array(found[start..<start + positions]))
                }
                expectClose(own, Array(reference[to..<to + headCount]), tolerance: 1e-4, "\(name) \(head)")
            }
        }
    }

    private func softmax(_ scores: [Float]) -> [Float] {
        let highest = scores.max() ?? 0
        let powers = scores.map { exp($0 - highest) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }

    @Test func computedPositionsAreTransformers() throws {
        // Of `WhisperEncoder.embed_positions` with 6 channels.
        let rows = WhisperModel.sinusoids(3, width: 6)
        let expected: [Float] = [
            0, 0, 0, 1, 1, 1, 0.841470985, 0.00999983333, 0.0001, 0.540302306, 0.99995, 0.999999995,
            0.909297427, 0.0199986667, 0.000199999999, -0.416146837, 0.99980000667, 0.99999998,
        ]
        expectClose(rows, expected, tolerance: 1e-6)
    }

    @Test func refusesWhatTheModelDoesNotHave() throws {
        let golden = try WhisperGolden("equal-depth")
        let weights = try golden.golden.component.weights()
        for positions in [0, -1, 41, .max] {
            #expect(throws: ArchitectureError.self, "\(positions)") {
                try golden.model.encoder(weights, positions: .fixed(positions))
            }
        }
        for head in [(2, 0), (0, 2), (-1, 0), (0, -1)] {
            #expect(throws: ArchitectureError.self, "\(head)") {
                try golden.model.decoder(weights, alignmentHeads: [.init(layer: head.0, head: head.1)])
            }
        }
        #expect(throws: ArchitectureError.missingTensor("encoder.conv1.weight", in: "nothing")) {
            try golden.model.encoder(Weights([:], source: "nothing"))
        }
        #expect(throws: ArchitectureError.missingTensor("decoder.embed_tokens.weight", in: "nothing")) {
            try golden.model.decoder(Weights([:], source: "nothing"))
        }
    }
}
