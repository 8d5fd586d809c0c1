import Architectures
import ModelGraph
import ModelLoading
import TensorStore
import TestSupport
import Testing

/// Goldens: `Tests/Goldens/Architectures/vae/make.py` and `tiny-vae/make.py` beside, diffusers' autoencoders in f32 on the CPU.
@Suite struct AutoencoderTests {
    static let cases = [
        ("Architectures/vae/sd15", "AutoencoderKL"), ("Architectures/vae/sd15-deprecated-keys", "AutoencoderKL"),
        ("Architectures/vae/sd15-deprecated-convolutions", "AutoencoderKL"), ("Architectures/vae/bare-f32", "AutoencoderKL"),
        ("Architectures/vae/one-level-bf16", "AutoencoderKL"), ("Architectures/tiny-vae/taesd", "AutoencoderTiny"),
        ("Architectures/tiny-vae/odd-widths-f32", "AutoencoderTiny"), ("Architectures/tiny-vae/silu-bf16", "AutoencoderTiny"),
    ]

    @Test(arguments: cases) func decoderMatchesDiffusers(_ path: String, _ className: String) throws {
        let golden = try GoldenNetwork(path, className: className)
        let network = try Registry.make(golden.component.config(), from: Registry.autoencoders)
        let latents = try golden["latents"]
        #expect(latents.shape[1] == network.latentChannels)
        for isStatic in [true, false] {
            let sizes: [Dimension] = latents.shape.map { isStatic ? .fixed($0) : .any }
            let graph = try network.decoder(golden.component.weights(), batch: sizes[0], height: sizes[2], width: sizes[3])
            let output = try #require(golden.run(graph, inputs: ["latent_sample": latents])["sample"])
            try expectClose(output, golden["out_sample"], tolerance: 1e-4, "\(path), static \(isStatic)")
            #expect(output.shape[2] == latents.shape[2] * network.spatialFactor)
        }
    }

    @Test(arguments: cases) func encoderMatchesDiffusers(_ path: String, _ className: String) throws {
        let golden = try GoldenNetwork(path, className: className)
        let network = try Registry.make(golden.component.config(), from: Registry.autoencoders)
        let sample = try golden["sample"]
        let graph = try network.encoder(
            golden.component.weights(), batch: .fixed(sample.shape[0]), height: .fixed(sample.shape[2]),
            width: .fixed(sample.shape[3]))
        let outputs = try golden.run(graph)
        if golden.has("encoded") {
            try expectClose(try #require(outputs["latent_sample"]), golden["encoded"], tolerance: 1e-4, path)
        } else {
            // Means and logarithms of variances, one after the other along the channels; the reference cuts the latter.
            let parameters = try #require(outputs["latent_parameters"])
            let (mean, logvar) = (try golden["mean"], try golden["logvar"])
            let (all, half) = (try parameters.elements(as: Float.self), mean.elementCount / mean.shape[0])
            var found: (mean: [Float], logvar: [Float]) = ([], [])
            for image in 0..<mean.shape[0] {
                found.mean += all[2 * image * half..<(2 * image + 1) * half]
                found.logvar += all[(2 * image + 1) * half..<(2 * image + 2) * half]
            }
            expectClose(found.mean, try mean.elements(), tolerance: 1e-4, "\(path) mean")
            expectClose(found.logvar.map { min(max($0, -30), 20) }, try logvar.elements(), tolerance: 1e-4, "\(path) logvar")
        }
    }
}
