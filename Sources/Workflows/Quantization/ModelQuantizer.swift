public import Diffusion
public import Foundation
public import Inference
import ModelGraph
import ModelLoading
import Quantization
import TensorStore

/// Quantizes the networks of a model one after the other, and writes each when it is finished.
public struct ModelQuantizer {
    /// Without LoRAs beside its weights once `quantize` has begun.
    private var model: LatentDiffusionModel
    private let run: CalibrationRun
    private let compile: CompileOptions
    private let options: ModelQuantizationOptions
    private let progress: (WorkProgress) -> Void
    /// The file of the sensitivities measured so far, from which an interrupted run continues.
    private var statePath = ""
    /// Reports by network name.
    private var reports: [String: QuantizationReport] = [:]

    /// - Parameters:
    ///   - model: its LoRAs are merged first.
    ///   - run: the prompts and steps of calibration.
    ///   - progress: called on the isolation of `quantize`.
    public init(
        _ model: LatentDiffusionModel, _ run: CalibrationRun, _ options: ModelQuantizationOptions,
        compile: CompileOptions = CompileOptions(), progress: @escaping (WorkProgress) -> Void = { _ in }
    ) {
        self.model = model
        self.run = run
        self.compile = compile.withExactDefault
        self.options = options
        self.progress = progress
    }

    /// Writes a folder of IR with the quantized networks and all other parts of the model.
    /// - Parameter target: a folder that does not exist; it appears when it is complete.
    /// - Throws: `ModelError` for an existing folder; as `LatentDiffusionModel.mergingLoRAs`; `QuantizationError`, `OpenVINOError`, `FileError`, `CancellationError`.
    public mutating func quantize(
        to target: URL
    ) async throws -> QuantizationSummary {
        let start = ContinuousClock.now
        let folder = try OpenVINOFolder(target, copying: model.source)
        statePath = "\(target.path).sensitivity.json"
        model = try await model.mergingLoRAs()
        try await write(to: folder)
        // The checkpoint alone is not what a model with merged LoRAs was quantized from.
        if model.mergedLoRAs == nil {
            try folder.write(QuantizationSource(source: model.source.url.path).reportJSON(), to: QuantizationSource.file)
        }
        progress(.phase("writing \(target.relativePath)", count: 1))
        try folder.finish()
        return QuantizationSummary(
            source: model.source.url, output: target, reports, seconds: (ContinuousClock.now - start).seconds)
    }

    private mutating func write(
        to folder: OpenVINOFolder
    ) async throws {
        let latents = try await writeUNet(to: folder)
        for index in model.textEncoders.indices { try writeTextEncoder(index, to: folder) }
        try await writeAutoencoder(to: folder, latents)
        for part in ["tokenizer", "tokenizer_2", "scheduler", "safety_checker", "feature_extractor"] { try folder.copy(part) }
    }

    // MARK: Networks

    /// Compresses the weights, but those of 3×3 convolutions of doubled pictures: of compressed weights the runtime can't make the
    /// 2×2 kernels (`Graph.subPixelUpsampling`), which take less than half of the products.
    private func compressed(
        _ graph: Graph, _ weights: WeightCompressionOptions
    ) throws -> (graph: Graph, report: WeightCompressionReport) {
        var weights = weights
        weights.ignored.names += graph.upsampledConvolutions
        return try WeightCompression(weights).apply(to: graph)
    }

    /// - Returns: the latents of the calibration prompts, where they were drawn.
    private mutating func writeUNet(
        to folder: OpenVINOFolder
    ) async throws -> [Tensor] {
        let graph = try model.unet.exportedGraph()
        let component = try model.source.component("unet")
        guard options.networks.contains(.unet) else {
            try folder.write(graph, as: "unet", configOf: component)
            return []
        }
        if let weights = options.weightCompression {
            try write(compressed(graph, weights), as: "unet", configOf: component, to: folder)
            return []
        }
        let quantization = try PostTrainingQuantization(graph, options.postTraining(.init(.unet)))
        var latents: [Tensor] = []
        let (model, run, compile, progress) = (model, run, compile, progress)
        let steps = run.prompts.count * run.numInferenceSteps
        let calibrated = try await quantization.calibrated { graph, record in
            progress(.phase("calibrating the UNet", count: steps))
            latents = try await run.denoise(model, unet: graph, compile: compile, record: record) { event in
                if case .step = event { progress(.step) }
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
        // Stable Diffusion XL uses the states of an inner layer.
        let graph = try encoder.network.exportedGraph(tokens: encoder.tokenCount)
        guard options.networks.contains(.textEncoder), let weights = options.weightCompression else {
            return try folder.write(graph, as: name, configOf: component)
        }
        try write(compressed(graph, weights), as: name, configOf: component, to: folder)
    }

    private mutating func writeAutoencoder(
        to folder: OpenVINOFolder, _ latents: [Tensor]
    ) async throws {
        let component = try model.source.vaeDecoder()
        let decoder = try model.vaeDecoder.exportedDecoder()
        if !options.networks.contains(.vae) {
            try folder.write(decoder, as: "vae_decoder", configOf: component)
        } else if let weights = options.weightCompression {
            try write(compressed(decoder, weights), as: "vae_decoder", configOf: component, to: folder)
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

    private func quantizedDecoder(
        _ decoder: Graph, _ latents: [Tensor]
    ) async throws -> (Graph, QuantizationReport) {
        let (model, run, compile, progress) = (model, run, compile, progress)
        var latents = latents
        if latents.isEmpty {
            progress(.phase("drawing latents to calibrate the decoder", count: run.prompts.count * run.numInferenceSteps))
            let unet = try model.unet.exportedGraph()
            latents = try await run.denoise(
                model, unet: unet, compile: compile,
                report: { event in
                    if case .step = event { progress(.step) }
                })
        }
        let samples = try CalibrationRun.decoderLatents(latents)
        let calibrated = try await PostTrainingQuantization(decoder, options.postTraining(.autoencoderDecoder)).calibrated {
            graph, record in
            progress(.phase("calibrating the decoder", count: samples.count))
            try await run.decode(model, decoder: graph, samples, compile: compile, record: record) { _ in progress(.step) }
        }
        return try calibrated.quantized()
    }

    // MARK: Accuracy control

    /// The plan, with the layers of the largest errors in floating point where the options have a goal.
    private func plan(
        _ calibrated: CalibratedNetwork, _ graph: Graph
    ) async throws -> QuantizationPlan {
        guard let goal = options.accuracyGoal else { return calibrated.plan }
        var run = run
        run.prompts = Array(run.prompts.prefix(options.sensitivityPrompts))
        let (fixed, model, compile, progress) = (run, model, compile, progress)
        let reference = try await fixed.denoise(model, unet: graph, compile: compile)
        var state = try SensitivityState(path: statePath, of: "\(fixed) \(options.fingerprint) \(model.source.url.path)")
        progress(.phase("measuring the error of each layer", count: calibrated.groups.count))
        for _ in state.known { progress(.step) }
        let result = try await AccuracyControl(goal).plan(calibrated, known: state.known) { candidate in
            let latents = try await fixed.denoise(model, unet: candidate, compile: compile)
            return try zip(reference, latents).reduce(0) { try $0 + $1.1.relativeError(to: $1.0) } / Double(reference.count)
        } found: { sensitivity, _, _ in
            try state.add(sensitivity)
            progress(.step)
        }
        state.remove()
        return result.plan
    }

    // MARK: Writing

    private mutating func write(
        _ graph: Graph, _ report: QuantizationReport, as name: String, configOf component: Component, to folder: OpenVINOFolder
    ) throws {
        progress(.phase("writing \(name)", count: 1))
        try folder.write(graph, as: name, configOf: component)
        try folder.write(report.reportJSON(), to: "\(name)/quantization_report.json")
        reports[name] = report
    }

    private mutating func write(
        _ compressed: (graph: Graph, report: WeightCompressionReport), as name: String, configOf component: Component,
        to folder: OpenVINOFolder
    ) throws {
        try write(compressed.graph, QuantizationReport(compressed.report), as: name, configOf: component, to: folder)
    }
}
