import Diffusion
import TensorStore
import TestSupport
import Testing

@Suite struct SchedulerGoldenTests {
    /// Every class over its options and ways to choose timesteps; the inputs are draws of one generator, and each step starts
    /// from the reference's sample.
    @Test(arguments: try SchedulerGolden.load())
    func stepsMatchDiffusers(_ golden: SchedulerGolden) throws {
        let shape = SchedulerGolden.shape
        let count = shape.reduce(1, *)
        var scheduler = try golden.scheduler()
        let steps = try golden.steps()
        let tolerance: Float = golden.name.hasPrefix("LCM") ? 1e-6 : 1e-5
        // Timesteps that are no whole numbers go through logarithms, of which NumPy's in single precision depend on the machine.
        if golden.timesteps.allSatisfy({ $0 == $0.rounded() }) {
            #expect(scheduler.timesteps == golden.timesteps)
        } else {
            expectClose(scheduler.timesteps, golden.timesteps, tolerance: 1e-6, "timesteps")
        }
        expectClose([scheduler.initNoiseSigma], [golden.initNoiseSigma], tolerance: 3e-7, "initial σ")
        #expect(scheduler.timesteps.indices.map { scheduler.needsNoise(at: $0) } == golden.draws)
        #expect(steps.count == scheduler.timesteps.count)

        var noise = TorchNoise(seed: golden.seed)
        let latents = try noise.normal(shape)
        let ones = try Tensor([Float](repeating: 1, count: count), shape: shape)
        var sample =
            golden.request.strength.map { $0 < 1 } ?? false
            ? try scheduler.addNoise(ones, to: latents, at: 0)
            : try Tensor(latents.elements(as: Float.self).map { $0 * scheduler.initNoiseSigma }, shape: shape)

        for (index, reference) in steps.enumerated() {
            let noisy = try scheduler.addNoise(ones, to: latents, at: index)
            expectClose(try noisy.elements(), reference.noisy, tolerance: 1e-6, "noisy \(index)")
            let scaled = try scheduler.scaleModelInput(sample, at: index)
            expectClose(try scaled.elements(), reference.scaled, tolerance: 1e-6, "scaled \(index)")

            let output = try Tensor(noise.normal(count: count).map { $0 * golden.outputScale }, shape: shape)
            let added = scheduler.needsNoise(at: index) ? try noise.normal(shape) : nil
            let step = try scheduler.step(index, output: output, sample: sample, noise: added)
            #expect(step.previous.shape == shape)
            expectClose(try step.denoised.elements(), reference.denoised, tolerance: tolerance, "denoised \(index)")
            expectClose(try step.previous.elements(), reference.previous, tolerance: tolerance, "previous \(index)")
            sample = try Tensor(reference.previous, shape: shape)
        }
    }

    @Test func goldensCoverTheClasses() throws {
        let goldens = try SchedulerGolden.load()
        let classes = Set(goldens.map { String($0.name.prefix { $0 != ":" }) })
        #expect(classes == Set(SchedulerConfig.classNames))
        #expect(classes.count == 15)
        #expect(goldens.count >= 220)
    }
}
