import Foundation
import ModelLoading
import TensorStore
import TestSupport
import Testing

/// What a single file's UNet predicts, by all that may tell it.
@Suite struct PredictionEvidenceTests {
    private let place: TemporaryFolder

    init() throws { place = try TemporaryFolder() }

    private func model(
        _ golden: String, name: String = "model", sidecar: (name: String, text: String)? = nil,
        metadata: [String: String]? = nil, adding: [String: Tensor] = [:]
    ) throws -> ModelSource {
        let file = place.url.appending(path: "\(name).safetensors")
        if let sidecar { try place.write(sidecar.name, sidecar.text) }
        try SingleFileGolden(name: golden).write(to: file, metadata: metadata, adding: adding)
        return try ModelSource(file)
    }

    private func prediction(_ model: ModelSource) throws -> String? {
        try model.schedulerConfig().json["prediction_type"]?.string
    }

    @Test func metadataAndTensors() throws {
        #expect(try prediction(model("sdxl")) == "epsilon")
        let velocity = try model("sdxl", metadata: ["modelspec.prediction_type": "v"])
        #expect(try prediction(velocity) == "v_prediction" && velocity.notes.isEmpty)
        let marked = try model("sdxl", adding: ["v_pred": Tensor([Float](), shape: [0])])
        #expect(try prediction(marked) == "v_prediction" && marked.notes.isEmpty)
        // Metadata goes before all else.
        let told = try model("sdxl", name: "x-vpred", metadata: ["modelspec.prediction_type": "epsilon"])
        #expect(try prediction(told) == "epsilon" && told.notes.isEmpty)
    }

    /// Published with both predictions.
    @Test func secondGeneration() throws {
        let old = try model("sd2")
        #expect(try prediction(old) == "v_prediction")
        #expect(try old.component("unet").configValues()["sample_size"]?.int == 96)
        #expect(old.notes.count == 1 && old.notes[0].contains("prediction_type v_prediction was assumed"))
        let turbo = try model("sd2", name: "sd_turbo")
        #expect(try prediction(turbo) == "epsilon")
        #expect(try turbo.component("unet").configValues()["sample_size"]?.int == 64)
        let base = try model("sd2", adding: ["global_step": Tensor([Int64(875_000)], shape: [])])
        #expect(try prediction(base) == "epsilon" && base.notes.isEmpty)
        #expect(try model("sd2", metadata: ["modelspec.prediction_type": "epsilon"]).notes.isEmpty)
        let named = try model("sd2", name: "v2-1_512-ema-eps")
        #expect(try prediction(named) == "epsilon" && named.notes[0].contains("--prediction-type"))
    }

    @Test(arguments: [
        ("NoobAI-XL-Vpred-v1.0", true), ("noobai_v-pred_06", true), ("model v_prediction", true), ("anime_v", true),
        ("768-v-ema", true), ("x.V-PRED.fp16", true), ("model-v10", false), ("revpredator", false), ("v2", false),
        ("noobai-eps-v1.1", false), ("vanilla", false), ("v-prune", false),
    ]) func names(_ name: String, _ isVelocity: Bool) throws {
        let source = try model("sdxl", name: name)
        #expect(try prediction(source) == (isVelocity ? "v_prediction" : "epsilon"))
        #expect(
            source.notes
                == (isVelocity
                    ? ["By its name, \(name).safetensors has prediction_type v_prediction; --prediction-type sets another."] : [])
        )
    }

    static let sidecars: [(String, String?)] = [
        ("model:\n  params:\n    parameterization: \"v\"\n    linear_start: 0.00085\n", "v_prediction"),
        ("    parameterization: v # velocity", "v_prediction"), ("parameterization: 'v'", "v_prediction"),
        ("  parameterization: \"eps\"", "epsilon"), ("  parameterization: x0", "sample"),
        ("      target: sgm.modules.diffusionmodules.denoiser_scaling.VScaling\n", "v_prediction"),
        ("      target: sgm.modules.diffusionmodules.denoiser_scaling.EpsScaling\r\n", "epsilon"),
        ("# parameterization: \"v\"\n", nil), ("parameterization: maybe", nil), ("", nil), ("\u{0}\u{1}", nil),
    ]

    @Test(arguments: sidecars) func configurationsBeside(_ text: String, _ expected: String?) throws {
        let source = try model("sdxl", sidecar: ("model.yaml", text))
        #expect(try prediction(source) == expected ?? "epsilon")
        #expect(
            source.notes
                == (expected.map { ["By model.yaml beside it, model.safetensors has prediction_type \($0)."] } ?? []))
    }

    /// The configuration goes before the name, and another file's configuration is none.
    @Test func configurationsOfThisFile() throws {
        let source = try model("sdxl", name: "x-vpred", sidecar: ("x-vpred.yml", "parameterization: eps"))
        #expect(try prediction(source) == "epsilon")
        #expect(try prediction(model("sdxl", name: "y", sidecar: ("z.yaml", "parameterization: v"))) == "epsilon")
        // One that can't be read is as good as none.
        try FileManager.default.createDirectory(at: place.url.appending(path: "w.yaml"), withIntermediateDirectories: true)
        #expect(try prediction(model("sdxl", name: "w")) == "epsilon")
    }

    @Test func zeroTerminalSNR() throws {
        let marked = try model("sdxl", adding: ["ztsnr": Tensor([Float](), shape: [0])])
        #expect(marked.notes.isEmpty)
        let named = try model("sdxl", name: "x-vpred-ztsnr")
        #expect(named.notes.count == 2)
        for source in [marked, named] {
            let scheduler = try source.schedulerConfig().json
            #expect(scheduler["rescale_betas_zero_snr"] == true && scheduler["timestep_spacing"] == "trailing")
        }
        #expect(try prediction(named) == "v_prediction")
    }
}
