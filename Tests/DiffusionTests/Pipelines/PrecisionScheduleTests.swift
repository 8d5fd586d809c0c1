import Inference
import ModelLoading
import TensorStore
import TestSupport
import Testing

@testable import Diffusion

@Suite struct PrecisionScheduleTests {
    @Test func schedules() throws {
        #expect(try PrecisionSchedule.uniform.resolved(3) == [.quantized, .quantized, .quantized])
        #expect(try PrecisionSchedule.floatEnds(1).resolved(4) == [.float, .quantized, .quantized, .float])
        #expect(try PrecisionSchedule.floatEnds(2).resolved(4).allSatisfy { $0 == .float })
        #expect(try PrecisionSchedule.steps([.float, .quantized]).resolved(2) == [.float, .quantized])
    }

    @Test(arguments: [(PrecisionSchedule.floatEnds(0), 4), (.floatEnds(3), 4), (.steps([.float]), 2), (.steps([]), 1)])
    func refused(_ schedule: PrecisionSchedule, _ count: Int) {
        #expect(throws: GenerationError.self) { try schedule.resolved(count) }
    }

    @Test func words() {
        #expect(UNetPrecision("f") == .float && UNetPrecision("int8") == .quantized && UNetPrecision("x") == nil)
    }

    /// Two UNets of the same weights draw what one does, whatever makes which step; the second takes conditions from the first.
    @Test(arguments: [(MemoryPolicy.resident, 1.0), (.staged, 2)])
    func twoUNetsTakeTurns(_ memory: MemoryPolicy, _ guidanceScale: Double) async throws {
        var model = try LatentDiffusionModel(ModelSource(Small.folder))
        var request = Small.request(steps: 4)
        request.guidanceScale = guidanceScale
        let alone = try await draw(request, with: LatentDiffusionPipeline(model))
        try model.addFloatUNet(from: ModelSource(Small.folder))
        model.unet.origin = .graph(try model.unet.exportedGraph())
        let pipeline = LatentDiffusionPipeline(model, memory: memory)
        for schedule in [PrecisionSchedule.floatEnds(1), .steps([.quantized, .float, .quantized, .quantized]), .uniform] {
            request.precision = schedule
            let drawn = try await draw(request, with: pipeline)
            try expectClose(drawn.steps[3].latents, alone.steps[3].latents, tolerance: 1e-4, "\(schedule)")
            let names = Set(drawn.result.timings.networks.map(\.name))
            #expect(names.contains("unet (float)") == (schedule != .uniform))
            if memory == .staged { #expect(names.contains("unet, prompt") == (schedule == .uniform)) }
        }
    }

    @Test func stepsInFloatingPointNeedThatUNet() async throws {
        var request = Small.request(steps: 4)
        request.precision = .floatEnds(1)
        let pipeline = try Small.pipeline()
        await #expect(throws: GenerationError.self) { _ = try await pipeline.generate(request) }
    }
}
