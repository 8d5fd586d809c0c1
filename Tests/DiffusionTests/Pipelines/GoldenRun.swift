import Diffusion
import Foundation
import Imaging
import TensorStore
import TestSupport
import Testing

/// A picture, or several, that diffusers' `LatentConsistencyModelPipeline` drew: what was asked, and what was computed.
struct GoldenRun: Decodable, CustomTestStringConvertible {
    let name: String
    let prompts: [String]
    let seeds: [UInt64]
    /// `each`: a generator for each picture; `one`: one for the batch.
    let generator: String
    let numImagesPerPrompt: Int
    let numInferenceSteps: Int
    let guidanceScale: Double
    let height: Int
    let width: Int
    let originalInferenceSteps: Int?
    let timesteps: [Int]?
    /// The folder under `Tests/Goldens/pipeline`; not in the file.
    private(set) var folder: String! = nil

    var testDescription: String { "\(folder!)/\(name)" }

    static func load(_ folder: String) throws -> [GoldenRun] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        var runs = try decoder.decode([GoldenRun].self, from: Data(contentsOf: Goldens.url("pipeline/\(folder)/runs.json")))
        for index in runs.indices { runs[index].folder = folder }
        return runs
    }

    var model: URL { Self.model(folder) }

    static func model(_ folder: String) -> URL {
        folder == "emoji-lcm"
            ? Goldens.repository.appending(path: "Models/emoji-lcm") : Goldens.url("pipeline/\(folder)/model")
    }

    var request: GenerationRequest {
        GenerationRequest(
            prompts: prompts, width: width, height: height, numInferenceSteps: numInferenceSteps, timesteps: timesteps,
            guidanceScale: guidanceScale, originalInferenceSteps: originalInferenceSteps, imagesPerPrompt: numImagesPerPrompt,
            noise: generator == "one" ? .oneSeed(seeds[0], .torch) : .seedPerPicture(first: seeds[0], .torch))
    }

    /// What was computed, by name.
    func values() throws -> GoldenValues {
        GoldenValues(run: name, file: try SafetensorsCheckpoint(path: Goldens.url("pipeline/\(folder!)/golden.safetensors").path))
    }
}

struct GoldenValues {
    let run: String
    let file: SafetensorsCheckpoint

    subscript(name: String) -> Tensor { get throws { try file.tensor(named: "\(run)/\(name)") } }

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
