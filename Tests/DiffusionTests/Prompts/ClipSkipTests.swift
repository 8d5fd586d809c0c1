import Diffusion
import ModelLoading
import Testing

@Suite struct ClipSkipTests {
    /// diffusers' `encode_prompt`: `hidden_states[-(clip_skip + 1)]` normalized for SD, `hidden_states[-(clip_skip + 2)]` for
    /// SDXL, of layers + 1 states.
    @Test func countsAsDiffusersDoes() throws {
        let states = Array(0...12)
        for skip in 0...11 {
            let plain = try ClipSkip.output(of: .sd, layerCount: 12, skip: ClipSkip(skip))
            #expect(plain.layerCount == states[states.count - (skip + 1)] && plain.isNormalized)
            let large = try ClipSkip.output(of: .sdxl, layerCount: 12, skip: ClipSkip(skip))
            #expect(large.layerCount == states[states.count - (skip + 2)] && !large.isNormalized)
        }
        #expect(try ClipSkip.output(of: .sd, layerCount: 12).layerCount == 12)
        #expect(try ClipSkip.output(of: .sdxl, layerCount: 12).layerCount == 11)
    }

    @Test func theWebUICountsFromOne() throws {
        #expect(try ClipSkip(webUI: 2) == ClipSkip(1))
        #expect(throws: GenerationError.self) { try ClipSkip(webUI: 0) }
    }

    @Test func moreThanThereAreIsRefused() throws {
        let skip = try ClipSkip(3)
        #expect(try ClipSkip.output(of: .sd, layerCount: 3, skip: skip).layerCount == 0)
        #expect(throws: GenerationError.option("clip_skip", value: "3", expected: "at most 2 for a text encoder of 3 layers")) {
            try ClipSkip.output(of: .sdxl, layerCount: 3, skip: skip)
        }
        #expect(throws: GenerationError.self) { try ClipSkip(-1) }
    }
}
