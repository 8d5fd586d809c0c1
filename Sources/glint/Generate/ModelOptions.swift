public import ArgumentParser
public import Diffusion

/// The model and its additions. Omitted options come from the picture of `--from`, or are the defaults.
struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A model: a folder in diffusers' layout or of IR, a .safetensors file, or the name of one that was pulled. (default: the "
                + "repository's emoji-lcm)", valueName: "folder|file|owner/name"))
    var model: String?
    @Option(
        help: ArgumentHelp(
            "A UNet in place of the model's: a folder, or a file with a UNet alone or a whole model.", valueName: "folder|file"))
    var unet: String?
    @Option(
        help: ArgumentHelp(
            "An autoencoder in place of the model's: a folder, a .safetensors file, or TAESD's decoder file.",
            valueName: "folder|file"))
    var vae: String?
    @Option(
        help: ArgumentHelp(
            "A LoRA and its scale (default: 1). Repeatable.", valueName: "file[:scale]"))
    var lora: [String] = []
    @Option(
        help: ArgumentHelp(
            "Where LoRAs that the text names, <lora:name:0.8>, are looked up. (default: loras/ beside the model)",
            valueName: "folder"))
    var loraDir: String?
    @Flag(help: "Ignore keys of LoRAs that match nothing in the model.") var loraLenient = false
    @Option(
        help: ArgumentHelp("A textual inversion and the word for it. Repeatable.", valueName: "file[:word]"))
    var embedding: [String] = []
    @Option(
        help: "The model in floating point for steps of mixed precision. (default: the one that the model was quantized from)")
    var floatModel: String?

    func apply(to description: inout ModelDescription) {
        if let model { description.model = model }
        if let unet { description.unet = unet }
        if let vae { description.vae = vae }
        if !lora.isEmpty { description.loras = lora }
        if let loraDir { description.loraDir = loraDir }
        if loraLenient { description.loraLenient = true }
        if !embedding.isEmpty { description.embeddings = embedding }
        if let floatModel { description.floatModel = floatModel }
    }
}

extension TimestepSpacing: ExpressibleByArgument {}
extension PredictionType: ExpressibleByArgument {}
extension SigmaSpacing: ExpressibleByArgument {}

/// The scheduler, and its options.
struct SchedulerOptions: ParsableArguments {
    @Option(
        help: """
            \(SchedulerName.short.joined(separator: ", ")), most of these also with -karras, -exponential or -beta, or a class of \
            diffusers. (default: the model's)
            """)
    var scheduler: String?
    @Option(
        help: "The spacing of noise levels: karras, exponential, beta, or plain for that of the timesteps. (default: the model's)"
    )
    var sigmas: SigmaSpacing?
    @Option(help: "The spacing of timesteps: leading, linspace or trailing. (default: the model's)")
    var timestepSpacing: TimestepSpacing?
    @Option(help: "The UNet's prediction: epsilon, v_prediction or sample. (default: the model's)")
    var predictionType: PredictionType?
    @Option(help: "Noise that DDIM and TCD add at each step, 0 to 1. (default: 0)") var eta: Double?

    func validate() throws {
        if scheduler?.isEmpty == true { throw ValidationError("--scheduler must be the name of a scheduler; it is empty.") }
    }

    func apply(to request: inout GenerationRequest) {
        if let scheduler { request.scheduler = .named(scheduler) }
        if let sigmas { request.schedulerOptions.sigmaSpacing = sigmas }
        if let timestepSpacing { request.schedulerOptions.timestepSpacing = timestepSpacing }
        if let predictionType { request.schedulerOptions.predictionType = predictionType }
        if let eta { request.eta = eta }
    }
}
