import Diffusion
import Foundation
import ModelLoading
import TensorStore
import TestSupport
import Testing
import Tokenizers

/// Prompts that change between steps.
@Suite struct PromptEditingTests {
    private func request(_ prompt: String, negative: String = "gray sky", batch: Int = 1) -> GenerationRequest {
        var request = GenerationRequest(
            prompts: [prompt], width: 64, height: 64, numInferenceSteps: 6, guidanceScale: 5, seed: 5, batchSize: batch)
        request.negativePrompt = negative
        request.scheduler = .named("ddim")
        return request
    }

    @Test(arguments: ["sd15", "sdxl"], [MemoryPolicy.resident, .staged])
    func latentsMatchDiffusers(_ name: String, _ memory: MemoryPolicy) async throws {
        let goldens = try SafetensorsFile(path: Goldens.url("Diffusion/prompt-editing/latents.safetensors").path)
        let pipeline = try LatentDiffusionPipeline(contentsOf: GoldenRun.model(name), memory: memory)
        let plain = try await pipeline.generate(request("a red cat")).pictures[0].latents.elements(as: Float.self)
        for (key, prompt) in [
            ("changed", "[a red cat:a blue fish on a hill:0.5]"), ("turns", "[a red cat|a blue fish on a hill]"),
        ] {
            let golden = try #require(goldens.entries.first { $0.name == "\(name)/\(key)" })
            let found = try await pipeline.generate(request(prompt)).pictures[0].latents
            try expectClose(found, golden.tensor(), tolerance: 1e-3, key)
            let values = try found.elements(as: Float.self)
            let change = zip(values, plain).map { abs($0 - $1) }.max() ?? 0
            #expect(change > 0.02 * (values.map(abs).max() ?? 0), "\(key): the prompt's change shows")
        }
    }

    @Test func negativePromptsChangeToo() async throws {
        let pipeline = try Small.pipeline()
        let plain = try await pipeline.generate(request("a cat", negative: "gray sky"))
        let never = try await pipeline.generate(request("a cat", negative: "[gray sky:blue:1.0]"))
        let changed = try await pipeline.generate(request("a cat", negative: "[gray sky:blue:0.3]"))
        #expect(never.pictures[0].latents.isEqual(to: plain.pictures[0].latents))
        #expect(!changed.pictures[0].latents.isEqual(to: plain.pictures[0].latents))
    }

    /// Pictures of a batch whose prompts change at different steps.
    @Test func batchesDrawTheSame() async throws {
        let pipeline = try Small.pipeline()
        let prompts = ["[a red cat:a fish:2]", "[a hill|a fish]", "a cat"]
        var together = request("")
        together.prompts = prompts
        together.batchSize = 3
        let batch = try await pipeline.generate(together).pictures
        for (index, prompt) in prompts.enumerated() {
            var own = request(prompt)
            own.seed = 5 + UInt64(index)
            let alone = try await pipeline.generate(own).pictures[0]
            try expectClose(batch[index].latents, alone.latents, tolerance: 1e-4, prompt)
        }
    }

    /// Heun's method calls the network twice a step, and the schedule counts calls, as in the web UI.
    @Test func sharesAreOfNetworkCalls() async throws {
        var early = request("[a red cat:a fish:11]")
        early.scheduler = .named("heun")
        var late = request("[a red cat:a fish:1.0]")
        late.scheduler = .named("heun")
        var plain = request("a red cat")
        plain.scheduler = .named("heun")
        let pipeline = try Small.pipeline()
        let reference = try await pipeline.generate(plain).pictures[0].latents
        #expect(try await pipeline.generate(late).pictures[0].latents.isEqual(to: reference))
        #expect(try await pipeline.generate(early).pictures[0].latents.isEqual(to: reference))
    }

    @Test func plainPromptsDoNotChange() async throws {
        let pipeline = try Small.pipeline()
        var plain = request("[a red cat:a fish:0.5] <lora:x:1>")
        plain.promptMode = .plain
        var warnings: [String] = []
        let result = try await pipeline.generate(plain) { if case .warning(let text) = $0 { warnings.append(text) } }
        #expect(result.pictures[0].prompt == "[a red cat:a fish:0.5] <lora:x:1>")
        #expect(warnings.allSatisfy { !$0.contains("lora") })
    }

    @Test(arguments: [
        ("a cat <lora:x:1>", "LoRAs are taken from the prompt alone"), ("a cat <hypernet:x:1>", "only those of LoRAs"),
        ("a AND b", "AND is drawn"),
        ("a {b|c}", "{b|c} is drawn"),
    ])
    func unknownNotationIsNoted(_ prompt: String, _ expected: String) async throws {
        var warnings: [String] = []
        let result = try await Small.pipeline().generate(Small.request(prompts: [prompt])) {
            if case .warning(let text) = $0 { warnings.append(text) }
        }
        #expect(warnings.contains { $0.contains(expected) })
        #expect(result.pictures[0].prompt == prompt)
    }
}
