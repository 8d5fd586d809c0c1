import Diffusion
import TensorStore
import Testing

@Suite struct CancellationTests {
    @Test(arguments: [(MemoryPolicy.resident, [nil, 0, 2]), (.staged, [1])])
    func cancellingStopsBetweenStepsAndSpoilsNothing(_ memory: MemoryPolicy, _ steps: [Int?]) async throws {
        let pipeline = try Small.pipeline(memory)
        let other = Small.request(prompts: ["a purple robot on a yellow background"], steps: 4)
        let expected = try await pipeline.generate(other).pictures[0].latents
        for last in steps {
            let cancelled = await drawCancelled(Small.request(steps: 50), with: pipeline, after: last)
            #expect(cancelled.error is CancellationError)
            #expect(cancelled.steps == (last.map { Array(0...$0) } ?? []))
            #expect(cancelled.delay < .seconds(1))
            // Nothing of the prompt before may be left in networks that were kept.
            #expect(try await pipeline.generate(other).pictures[0].latents.isEqual(to: expected))
        }
        let first = try await pipeline.generate(Small.request(steps: 4)).pictures[0].latents
        #expect(!first.isEqual(to: expected), "the prompt has to show")
    }
}
