import Diffusion
import Foundation
import Inference
import ModelGraph
import ModelLoading
import Quantization
import TensorStore

/// Quantizes the networks of a model one after the other, and writes each as soon as it is done.
struct ModelQuantizer {
    let model: LatentDiffusionModel
    let run: CalibrationRun
    let compile: CompileOptions
    let options: QuantizationOptions
    let progress: StepProgress
    /// Where the sensitivities found so far are kept, should the run be stopped.
    let statePath: String
    /// By the networks' names.
    private(set) var reports: [String: QuantizationReport] = [:]

    init(
        model: LatentDiffusionModel, run: CalibrationRun, compile: CompileOptions, options: QuantizationOptions,
        progress: StepProgress, statePath: String
    ) {
        self.model = model
        self.run = run
        self.compile = compile
        self.options = options
        self.progress = progress
        self.statePath = statePath
    }

    mutating func write(to folder: OpenVINOFolder) async throws {
        let latents = try await writeUNet(to: folder)
        for index in model.textEncoders.indices { try writeTextEncoder(index, to: folder) }
        try await writeAutoencoder(to: folder, latents)
        for part in ["tokenizer", "tokenizer_2", "scheduler", "safety_checker", "feature_extractor"] { try folder.copy(part) }
    }

    // MARK: Networks

    /// - Returns: the latents of the calibration prompts, where they were drawn.
    private mutating func writeUNet(to folder: OpenVINOFolder) async throws -> [Tensor] {
        let graph = try model.unet.exportedGraph(tokens: model.tokenCount)
        let component = try model.source.component("unet")
        guard options.networks.contains(.unet) else {
            try folder.write(graph, as: "unet", configOf: component)
            return []
        }
        if let weights = options.weightCompression {
            try write(WeightCompression(weights).apply(to: graph), as: "unet", configOf: component, to: folder)
            return []
        }
        let quantization = try PostTrainingQuantization(graph, options.postTraining(.init(.unet)))
        var latents: [Tensor] = []
        let (model, run, compile, progress) = (model, run, compile, progress)
        let steps = run.prompts.count * run.numInferenceSteps
        let calibrated = try await quantization.calibrated { graph, record in
            progress.begin("calibrating the UNet", of: steps)
            latents = try await run.denoise(model, unet: graph, compile: compile, record: record) { event in
                if case .step = event { progress.advance() }
            }
        }
        let plan = try await plan(calibrated, graph)
        let (quantized, report) = try calibrated.quantized(plan)
        try write(quantized, report, as: "unet", configOf: component, to: folder)
        return latents
    }

    private mutating func writeTextEncoder(_ index: Int, to folder: OpenVINOFolder) throws {
        let name = index == 0 ? "text_encoder" : "text_encoder_\(index + 1)"
        let component = try model.source.component(name)
        let encoder = model.textEncoders[index]
        // Stable Diffusion XL takes states of an inner layer.
        let graph = try encoder.network.exportedGraph(tokens: encoder.tokenCount, hiddenStates: model.family == .sdxl)
        guard options.networks.contains(.textEncoder), let weights = options.weightCompression else {
            return try folder.write(graph, as: name, configOf: component)
        }
        try write(WeightCompression(weights).apply(to: graph), as: name, configOf: component, to: folder)
    }

    private mutating func writeAutoencoder(to folder: OpenVINOFolder, _ latents: [Tensor]) async throws {
        let component = try model.source.vaeDecoder()
        let decoder = try model.vaeDecoder.exportedDecoder()
        if !options.networks.contains(.vae) {
            try folder.write(decoder, as: "vae_decoder", configOf: component)
        } else if let weights = options.weightCompression {
            try write(WeightCompression(weights).apply(to: decoder), as: "vae_decoder", configOf: component, to: folder)
        } else {
            let (quantized, report) = try await quantizedDecoder(decoder, latents)
            try write(quantized, report, as: "vae_decoder", configOf: component, to: folder)
        }
        if let encoder = try model.vaeDecoder.exportedEncoder() {
            try folder.write(encoder, as: "vae_encoder", configOf: component)
        } else {
            try folder.copy("vae_encoder")
        }
    }

    private func quantizedDecoder(_ decoder: Graph, _ latents: [Tensor]) async throws -> (Graph, QuantizationReport) {
        let (model, run, compile, progress) = (model, run, compile, progress)
        var latents = latents
        if latents.isEmpty {
            progress.begin("drawing what the decoder is calibrated on", of: run.prompts.count * run.numInferenceSteps)
            let unet = try model.unet.exportedGraph(tokens: model.tokenCount)
            latents = try await run.denoise(
                model, unet: unet, compile: compile,
                report: { event in
                    if case .step = event { progress.advance() }
                })
        }
        let samples = try CalibrationRun.decoderLatents(latents)
        let calibrated = try await PostTrainingQuantization(decoder, options.postTraining(.autoencoderDecoder)).calibrated {
            graph, record in
            progress.begin("calibrating the decoder", of: samples.count)
            try await run.decode(model, decoder: graph, samples, compile: compile, record: record) { _ in progress.advance() }
        }
        return try calibrated.quantized()
    }

    // MARK: Accuracy control

    /// The plan with the layers that cost most accuracy in floating point, where that is asked for.
    private func plan(_ calibrated: CalibratedNetwork, _ graph: Graph) async throws -> QuantizationPlan {
        guard let goal = options.accuracyGoal else { return calibrated.plan }
        var run = run
        run.prompts = Array(run.prompts.prefix(options.sensitivityPrompts))
        let (fixed, model, compile, progress) = (run, model, compile, progress)
        let reference = try await fixed.denoise(model, unet: graph, compile: compile)
        var state = try SensitivityState(path: statePath, of: "\(fixed) \(options.fingerprint) \(model.source.url.path)")
        progress.begin("measuring what each layer costs", of: calibrated.groups.count)
        for _ in state.known { progress.advance() }
        let result = try await AccuracyControl(goal).plan(calibrated, known: state.known) { candidate in
            let latents = try await fixed.denoise(model, unet: candidate, compile: compile)
            return try zip(reference, latents).reduce(0) { try $0 + $1.1.relativeError(to: $1.0) } / Double(reference.count)
        } found: { sensitivity, _, _ in
            try state.add(sensitivity)
            progress.advance()
        }
        state.remove()
        return result.plan
    }

    // MARK: Writing

    private mutating func write(
        _ graph: Graph, _ report: QuantizationReport, as name: String, configOf component: Component, to folder: OpenVINOFolder
    ) throws {
        progress.begin("writing \(name)", of: 1)
        try folder.write(graph, as: name, configOf: component)
        try folder.write(Data(try jsonText(report).utf8), to: "\(name)/quantization_report.json")
        reports[name] = report
    }

    private mutating func write(
        _ compressed: (graph: Graph, report: WeightCompressionReport), as name: String, configOf component: Component,
        to folder: OpenVINOFolder
    ) throws {
        try write(compressed.graph, QuantizationReport(compressed.report), as: name, configOf: component, to: folder)
    }
}
