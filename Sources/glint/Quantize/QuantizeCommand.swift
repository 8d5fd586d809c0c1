import ArgumentParser
import Diffusion
import Foundation
import ModelLoading
import TensorStore
import Workflows

struct QuantizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantize",
        abstract: "Make a model smaller and faster: INT8, or weights alone in INT8 or INT4.",
        discussion: """
            The UNet is quantized by default: weights and activations to INT8, calibrated on pictures that the model draws from \
            prompts. The result is a folder that glint generate, optimum-intel and openvino.genai run. To compare the \
            pictures: glint compare MODEL OUT

            Of a Whisper model the encoder is quantized, calibrated on recordings, and the decoder's weights:
              glint quantize openai/whisper-base whisper-int8 --recording a.wav --recording b.wav
              glint transcribe talk.wav --model whisper-int8
            """)

    @Argument(help: "The model: a folder, a .safetensors file, or the name of one that was pulled.") var model: String
    @Argument(help: "The folder to make.") var output: String
    @Option(help: ArgumentHelp("A LoRA and its scale (default: 1), merged first. Repeatable.", valueName: "file[:scale]"))
    var lora: [String] = []
    @Flag(help: "Ignore keys of LoRAs that match nothing in the model.") var loraLenient = false
    @OptionGroup(title: "Calibration") var calibration: CalibrationOptions
    @OptionGroup(title: "Speech") var speech: SpeechCalibrationOptions
    @OptionGroup(title: "Quantization") var quantization: QuantizationOptions
    @OptionGroup(title: "Machine") var machine: MachineOptions
    @OptionGroup(title: "Progress") var display: ProgressOptions
    @Flag(help: "Print one JSON object instead of text.") var json = false

    func validate() throws { try machine.refuseMaxMemory() }

    func run() async throws {
        MappedFile.decryption = RefusedDecryption(
            reason: "what is quantized is written in plain: decrypt the model first (glint decrypt), and encrypt the result")
        try await cancellingOnInterrupt { try await quantize() }
    }

    private func quantize() async throws {
        let target = URL(filePath: output)
        try ModelFolder.checkFree(target)
        let source = try ModelLocation.resolve(model)
        if SpeechModel.isSpeechModel(source) { return try await quantize(SpeechModel(source), to: target) }
        try speech.refuse()
        let request = try calibration.request()
        var description = ModelDescription(model: model)
        (description.loras, description.loraLenient) = (lora.isEmpty ? nil : lora, loraLenient)
        let loaded = try LatentDiffusionModel(description, visitsFloatUNet: false)
        let run = try CalibrationRun(request, loaded)
        let bar = display.bar
        defer { bar.finish() }
        var quantizer = ModelQuantizer(loaded, run, quantization.options, compile: try machine.settings.compileOptions()) {
            bar.show($0)
        }
        try show(await quantizer.quantize(to: target), bar)
    }

    private func quantize(_ model: SpeechModel, to target: URL) async throws {
        if let option = (lora.isEmpty ? nil : "--lora") ?? calibration.given ?? quantization.givenForPictures {
            throw ValidationError("\(option) is for models of pictures; this is a model of speech.")
        }
        let bar = display.bar
        defer { bar.finish() }
        let options = quantization.speechOptions(speech)
        if options.encoder != .int8, options.decoder != .int8, !speech.recordings.isEmpty {
            bar.note(
                "no activations are quantized, so the recordings are not used; --encoder int8 quantizes the encoder's, which is faster "
                    + "on processors with VNNI")
        }
        let quantizer = SpeechQuantizer(
            model, try speech.calibration(), options,
            compile: try machine.settings.compileOptions()
        ) { bar.show($0) }
        try show(await quantizer.quantize(to: target), bar)
    }

    private func show(_ summary: QuantizationSummary, _ bar: ProgressBar) throws {
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
