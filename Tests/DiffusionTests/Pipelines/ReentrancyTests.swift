import Diffusion
import TensorStore
import Testing

/// An actor lets a second request in while the first one waits for a network.
@Suite struct ReentrancyTests {
    private actor Artist {
        private let pipeline: LatentDiffusionPipeline

        init() throws { pipeline = try Small.pipeline() }

        func draw(steps: Int) async throws -> Tensor {
            try await pipeline.generate(Small.request(steps: steps)).pictures[0].latents
        }
    }

    @Test func aSecondRequestIsRefusedAndTheFirstIsNotSpoiled() async throws {
        let artist = try Artist()
        let expected = try await artist.draw(steps: 50)
        async let first = outcome { try await artist.draw(steps: 50) }
        async let second = outcome { try await artist.draw(steps: 50) }
        let results = await [first, second]
        var drawn: [Tensor] = []
        var errors: [any Error] = []
        for result in results {
            switch result {
            case .success(let latents): drawn.append(latents)
            case .failure(let error): errors.append(error)
            }
        }
        #expect(errors.map { $0 as? GenerationError } == [.busy])
        #expect(try drawn.map { try $0.elements(as: Float.self) } == [try expected.elements(as: Float.self)])
        #expect(try await artist.draw(steps: 50).shape == expected.shape)
    }
}

/// What `body` gave or threw.
private func outcome(_ body: @Sendable () async throws -> Tensor) async -> Result<Tensor, any Error> {
    do { return .success(try await body()) } catch { return .failure(error) }
}
