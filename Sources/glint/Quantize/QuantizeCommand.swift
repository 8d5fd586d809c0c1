import ArgumentParser
import Diffusion
import Foundation
import ModelLoading
import Workflows

struct QuantizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantize",
        abstract: "Make a model smaller and faster: INT8, or weights alone in INT8 or INT4.",
        discussion: """
            The UNet is quantized by default: weights and activations to INT8, calibrated on pictures that the model draws from \
            prompts. The result is a folder that glint generate, optimum-intel and openvino.genai run. To compare the \
            pictures: glint compare MODEL OUT
            """)

    @Argument(help: "The model: a folder, a .safetensors file, or the name of one that was pulled.") var model: String
    @Argument(help: "The folder to make.") var output: String
    @Option(help: ArgumentHelp("A LoRA and its scale (default: 1), merged first. Repeatable.", valueName: "file[:scale]"))
    var lora: [String] = []
    @Flag(help: "Ignore keys of LoRAs that match nothing in the model.") var loraLenient = false
    @OptionGroup(title: "Calibration") var calibration: CalibrationOptions
    @OptionGroup(title: "Quantization") var quantization: QuantizationOptions
    @OptionGroup(title: "Machine") var machine: MachineOptions
    @OptionGroup(title: "Progress") var display: ProgressOptions
    @Flag(help: "Print one JSON object instead of text.") var json = false

    func validate() throws { try machine.refuseMaxMemory() }

    func run() async throws {
        try await cancellingOnInterrupt { try await quantize() }
    }

    private func quantize() async throws {
        let request = try calibration.request()
        let target = URL(filePath: output)
        try OpenVINOFolder.checkFree(target)
        var description = ModelDescription(model: model)
        (description.loras, description.loraLenient) = (lora.isEmpty ? nil : lora, loraLenient)
        let loaded = try LatentDiffusionModel(description, visitsFloatUNet: false)
        let run = try CalibrationRun(request, loaded)
        let bar = display.bar
        defer { bar.finish() }
        var quantizer = ModelQuantizer(loaded, run, quantization.options, compile: try machine.settings.compileOptions()) {
            bar.show($0)
        }
        let summary = try await quantizer.quantize(to: target)
        bar.finish()
        try print(json ? jsonText(summary) : summary.table)
    }
}

extension QuantizationSummary {
    var table: String {
        var table = TextTable(columns: ["", "before", "after", "rate", "INT8", "weights only", "float"])
        for network in networks {
            func text(_ count: Int?) -> String { count.map { "\($0)" } ?? "" }
            table.add([
                network.name, format(bytes: network.bytesBefore), format(bytes: network.bytesAfter),
                network.bytesAfter > 0 ? String(format: "%.2f×", Double(network.bytesBefore) / Double(network.bytesAfter)) : "",
                text(network.int8Layers), text(network.weightLayers), text(network.floatLayers),
            ])
        }
        return "\(table.text)\n\n\(output) in \(format(seconds: seconds))"
            + (peakMemoryBytes.map { ", peak memory \(format(bytes: $0))" } ?? "")
    }
}
