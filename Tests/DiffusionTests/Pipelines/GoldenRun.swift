import Adapters
import Diffusion
import Foundation
import Imaging
import ModelLoading
import TensorStore
import TestSupport
import Testing
import Tokenizers

/// A picture, or several, that one of diffusers' pipelines drew: what was asked, and what was computed.
struct GoldenRun: Decodable, CustomTestStringConvertible {
    enum Task: String, Decodable { case text2img, img2img, inpaint }

    /// A class, and what changes in the config of the model's own.
    struct Scheduler: Decodable {
        let _className: String
        let algorithmType: String?
        let useKarrasSigmas: Bool?
        let rescaleBetasZeroSnr: Bool?
        let timestepSpacing: String?
        let predictionType: String?

        func config(_ model: LatentDiffusionModel, isInpainting: Bool) throws -> SchedulerConfig {
            let override = SchedulerOptionsOverride(
                timestepSpacing: timestepSpacing.flatMap(TimestepSpacing.init), useKarrasSigmas: useKarrasSigmas,
                predictionType: predictionType.flatMap(PredictionType.init), rescaleBetasZeroSNR: rescaleBetasZeroSnr)
            #expect(algorithmType == nil || algorithmType == "sde-dpmsolver++")
            return try model.scheduler.named(
                algorithmType == nil ? _className : "dpm++-sde", overriding: override, isInpainting: isInpainting)
        }
    }

    struct LoRAFile: Decodable {
        let file: String
        let scale: Float
    }

    let name: String
    let model: String
    let task: Task
    let prompts: [String]
    let negativePrompts: [String]?
    let seeds: [UInt64]
    /// `each`: a generator for each picture; `one`: one for the batch.
    let generator: String
    let numImagesPerPrompt: Int
    let numInferenceSteps: Int
    let guidanceScale: Double
    let guidanceRescale: Double?
    let clipSkip: Int?
    let eta: Double?
    let height: Int?
    let width: Int?
    let originalInferenceSteps: Int?
    let timesteps: [Int]?
    let scheduler: Scheduler?
    let vae: String?
    let loras: [LoRAFile]?
    let image: String?
    let maskImage: String?
    let strength: Double?
    let originalSize: [Int]?
    let cropsCoordsTopLeft: [Int]?
    let targetSize: [Int]?
    let negativeOriginalSize: [Int]?
    let negativeTargetSize: [Int]?
    /// The folder under `Tests/Goldens/Diffusion/pipeline`; not in the file.
    private(set) var folder: String! = nil

    var testDescription: String { "\(folder!)/\(name)" }

    static func load(_ folder: String) throws -> [GoldenRun] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        var runs = try decoder.decode(
            [GoldenRun].self, from: Data(contentsOf: Goldens.url("Diffusion/pipeline/\(folder)/runs.json")))
        for index in runs.indices { runs[index].folder = folder }
        return runs
    }

    /// The run of that test description.
    static func named(_ description: String) throws -> GoldenRun {
        let parts = description.split(separator: "/").map(String.init)
        return try #require(load(parts[0]).first { $0.name == parts[1] })
    }

    static func model(_ name: String) -> URL {
        name == "emoji-lcm"
            ? Goldens.repository.appending(path: "Models/emoji-lcm") : Goldens.url("Diffusion/pipeline/\(name)/model")
    }

    // MARK: As ours

    /// The model and what is added to it.
    var modelDescription: String { "\(model) \(vae ?? "") \((loras ?? []).map { "\($0.file) \($0.scale)" })" }

    func loadModel() throws -> LatentDiffusionModel {
        var model = try LatentDiffusionModel(ModelSource(Self.model(model)), vae: vae.map(Goldens.url))
        if let loras {
            let items = try loras.map { file in
                LoRASet.Item(try LoRA(path: Goldens.url("Diffusion/pipeline/\(file.file)").path), scale: file.scale)
            }
            try model.addLoRAs(LoRASet(items))
        }
        return model
    }

    /// A request of ours, and which of the run's pictures it draws.
    struct Part {
        var request: GenerationRequest
        let pictures: Range<Int>
    }

    /// One, or where each prompt has a negative one of its own, one a prompt.
    func parts(_ model: LatentDiffusionModel) throws -> [Part] {
        let request = try request(model)
        guard let negativePrompts, negativePrompts.count > 1 else {
            return [Part(request: request, pictures: 0..<request.pictureCount)]
        }
        return try prompts.indices.map { index in
            var one = request
            (one.prompts, one.negativePrompt) = ([prompts[index]], negativePrompts[index])
            let pictures = index * numImagesPerPrompt..<(index + 1) * numImagesPerPrompt
            try #require(generator == "each")
            one.seed = seeds[pictures.lowerBound]
            return Part(request: one, pictures: pictures)
        }
    }

    /// All of it, with the first negative prompt.
    func request(_ model: LatentDiffusionModel) throws -> GenerationRequest {
        var request = GenerationRequest(
            prompts: prompts, width: width, height: height, numInferenceSteps: numInferenceSteps, timesteps: timesteps,
            guidanceScale: guidanceScale, originalInferenceSteps: originalInferenceSteps, imagesPerPrompt: numImagesPerPrompt,
            seed: seeds[0])
        request.sharesGenerator = generator == "one"
        // Requests have seeds that follow each other.
        try #require(generator == "one" || seeds == seeds.indices.map { seeds[0] + UInt64($0) })
        request.promptMode = .plain
        request.negativePrompt = negativePrompts?[0]
        request.guidanceRescale = guidanceRescale ?? 0
        request.clipSkip = try clipSkip.map { try ClipSkip($0) }
        request.eta = eta
        request.scheduler = try scheduler.map { .config(try $0.config(model, isInpainting: task == .inpaint)) }
        request.image = try image.map { .image(try Self.picture($0)) }
        request.mask = try maskImage.map { .image(try Self.picture($0)) }
        request.strength = image == nil ? nil : try #require(strength)
        request.sizeConditioning = sizes(originalSize, targetSize, crops: cropsCoordsTopLeft)
        if negativeOriginalSize != nil {
            // From text diffusers takes the negative crops, which are 0 here; with a picture it takes those of the prompt.
            request.negativeSizeConditioning = sizes(
                negativeOriginalSize, negativeTargetSize, crops: task == .text2img ? nil : cropsCoordsTopLeft)
        }
        return request
    }

    private func sizes(_ original: [Int]?, _ target: [Int]?, crops: [Int]?) -> SizeConditioning {
        var sizes = SizeConditioning()
        sizes.originalSize = original.map { .init(width: $0[1], height: $0[0]) }
        sizes.targetSize = target.map { .init(width: $0[1], height: $0[0]) }
        if let crops { (sizes.cropTop, sizes.cropLeft) = (crops[0], crops[1]) }
        return sizes
    }

    static func picture(_ name: String) throws -> RGBImage {
        try ImageFile(path: Goldens.url("Diffusion/pipeline/pictures/\(name)").path).image
    }

    /// What was computed, by name.
    func values() throws -> GoldenValues {
        GoldenValues(
            run: name, file: try SafetensorsCheckpoint(path: Goldens.url("Diffusion/pipeline/\(folder!)/golden.safetensors").path)
        )
    }
}

struct GoldenValues {
    let run: String
    let file: SafetensorsCheckpoint

    subscript(name: String) -> Tensor { get throws { try file.tensor(named: "\(run)/\(name)") } }

    /// nil where the run has none of that name.
    func ifRecorded(_ name: String) throws -> Tensor? {
        file.entries["\(run)/\(name)"] == nil ? nil : try self[name]
    }

    /// `image` as pictures.
    func images() throws -> [RGBImage] {
        let tensor = try self["image"]
        let bytes = try tensor.elements(as: UInt8.self)
        let size = bytes.count / tensor.shape[0]
        return try (0..<tensor.shape[0]).map { index in
            try RGBImage(
                width: tensor.shape[2], height: tensor.shape[1], bytes: Array(bytes[index * size..<(index + 1) * size]))
        }
    }
}
