import ArgumentParser
import Diffusion
import Foundation
import ModelLoading
import Quantization

struct QuantizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantize",
        abstract: "Make a model smaller and faster: INT8, or weights alone in INT8 or INT4.",
        discussion: """
            The UNet is quantized by default: weights and activations to INT8, calibrated on pictures that the model draws from \
            prompts. The result is a folder that glint generate, optimum-intel and openvino.genai run. What was lost: \
            glint compare MODEL OUT
            """)

    @Argument(help: "The model: a folder, a .safetensors file, or the name of one that was pulled.") var model: String
    @Argument(help: "The folder to make.") var output: String
    @OptionGroup(title: "Calibration") var calibration: CalibrationOptions
    @OptionGroup(title: "Quantization") var quantization: QuantizationOptions
    @OptionGroup(title: "Machine") var machine: MachineOptions
    @Flag(help: "Print one JSON object instead of text.") var json = false

    func run() async throws {
        try await cancellingOnInterrupt { try await quantize() }
    }

    private func quantize() async throws {
        let start = ContinuousClock.now
        let prompts = try calibration.prompts()
        let target = URL(filePath: output)
        try OpenVINOFolder.checkFree(target)
        let source = try ModelSource(ModelLocation.resolve(model))
        let loaded = try LatentDiffusionModel(source)
        let run = try calibration.run(prompts, loaded)
        let compile = try machine.compileOptions()
        let folder = try OpenVINOFolder(target, copying: source)
        let progress = StepProgress()
        defer { progress.finish() }
        var quantizer = ModelQuantizer(
            model: loaded, run: run, compile: compile, options: quantization, progress: progress,
            statePath: "\(target.path).sensitivity.json")
        try await quantizer.write(to: folder)
        try folder.write(Data(try jsonText(QuantizationSource(source: source.url.path)).utf8), to: QuantizationSource.file)
        progress.begin("writing \(output)", of: 1)
        try folder.finish()
        progress.finish()
        let report = try QuantizeReport(
            source: source.url, output: target, quantizer.reports, seconds: (ContinuousClock.now - start).seconds)
        print(json ? try jsonText(report) : report.table)
    }
}
