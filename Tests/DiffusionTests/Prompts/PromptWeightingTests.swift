import Diffusion
import Foundation
import TensorStore
import TestSupport
import Testing

/// Goldens: `Tests/Goldens/Tokenizers/prompts/make.py`, the arithmetic of AUTOMATIC1111's Original emphasis by torch.
@Suite struct PromptWeightingTests {
    private let values: SafetensorsCheckpoint

    init() throws { values = try SafetensorsCheckpoint(path: Goldens.url("Tokenizers/prompts/states.safetensors").path) }

    @Test(arguments: ["heavy", "negative", "plain"]) func matchesTorch(_ name: String) throws {
        let states = try values.tensor(named: "\(name).states")
        let weights = try values.tensor(named: "\(name).weights").elements(as: Float.self)
        let found = try PromptWeighting.weighted(states, weights: weights)
        try expectClose(found, values.tensor(named: "\(name).weighted"), tolerance: 1e-5)
        #expect(try (found.elements() as [Float] == states.elements()) == (name == "plain"))
    }

    @Test func chunksFollowEachOther() throws {
        let names = ["heavy", "plain", "negative"]
        let chunks = try names.map { try values.tensor(named: "\($0).states") }
        let weights = try names.map { try values.tensor(named: "\($0).weights").elements(as: Float.self) }
        let found = try PromptWeighting.joined(chunks, weights: weights)
        #expect(found.shape == [1, 15, 7])
        let parts = try names.flatMap { try values.tensor(named: "\($0).weighted").elements(as: Float.self) }
        expectClose(try found.elements(), parts, tolerance: 1e-5)
    }

    /// No factor would give them their mean back.
    @Test func statesWithoutAMeanAreOnlyWeighted() throws {
        let states = try Tensor([1, 2] as [Float], shape: [1, 2, 1])
        #expect(try PromptWeighting.weighted(states, weights: [0, 0]).elements() == [0, 0] as [Float])
        #expect(try PromptWeighting.weighted(states, weights: [2, -1]).elements() == [2, -2] as [Float])
    }

    @Test func statesAndWeightsMustFit() throws {
        let states = try Tensor(zeros: [1, 3, 2])
        let error = #expect(throws: PromptWeightingError.self) { try PromptWeighting.weighted(states, weights: [1, 2]) }
        #expect(error?.description.contains("f32 [1, 2, channels]; they are f32 [1, 3, 2]") == true)
        #expect(throws: PromptWeightingError.self) {
            try PromptWeighting.weighted(Tensor(zeros: [1, 2, 2], of: .f16), weights: [1, 2])
        }
        #expect(throws: PromptWeightingError.self) { try PromptWeighting.joined([], weights: []) }
        #expect(throws: PromptWeightingError.self) { try PromptWeighting.joined([states, states], weights: [[1, 1, 1]]) }
    }
}
