import Diffusion
import Foundation
import ModelGraph
import ModelLoading
import Quantization

/// Quantizes the networks of a model one after the other, and writes each as soon as it is done.
struct ModelQuantizer {
    let model: LatentDiffusionModel
    let run: CalibrationRun
    let compile: CompileOptions
    let options: QuantizationOptions
    let progress: StepProgress
    /// By the networks' names.
    private(set) var reports: [String: QuantizationReport] = [:]

    init(
        model: LatentDiffusionModel, run: CalibrationRun, compile: CompileOptions, options: QuantizationOptions,
        progress: StepProgress
    ) {
        self.model = model
        self.run = run
        self.compile = compile
        self.options = options
        self.progress = progress
    }

    mutating func write(to folder: OpenVINOFolder) async throws {
        try await writeUNet(to: folder)
        progress.begin("writing the other networks", of: 1)
        let text = try model.folder.component("text_encoder")
        try folder.write(model.textEncoder.exportedGraph(tokens: model.tokenCount), as: "text_encoder", configOf: text)
        let vae = try model.folder.vaeDecoder()
        try folder.write(model.vaeDecoder.exportedDecoder(), as: "vae_decoder", configOf: vae)
        if let encoder = try model.vaeDecoder.exportedEncoder() {
            try folder.write(encoder, as: "vae_encoder", configOf: vae)
        } else {
            try folder.copy("vae_encoder")
        }
        for part in ["tokenizer", "scheduler"] { try folder.copy(part) }
    }

    private mutating func writeUNet(to folder: OpenVINOFolder) async throws {
        let graph = try model.unet.exportedGraph(tokens: model.tokenCount)
        let quantization = try PostTrainingQuantization(graph, options.postTraining(.unet))
        let (model, run, compile, progress) = (model, run, compile, progress)
        let steps = run.prompts.count * run.numInferenceSteps
        let (quantized, report) = try await quantization.quantized { graph, record in
            progress.begin("calibrating the UNet", of: steps)
            try await run.denoise(model, unet: graph, compile: compile, record: record) { event in
                if case .step = event { progress.advance() }
            }
        }
        progress.begin("writing the UNet", of: 1)
        try folder.write(quantized, as: "unet", configOf: model.folder.component("unet"))
        try folder.write(Data(try jsonText(report).utf8), to: "unet/quantization_report.json")
        reports["unet"] = report
    }
}
