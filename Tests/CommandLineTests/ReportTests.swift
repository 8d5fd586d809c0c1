import Foundation
import TensorStore
import TestSupport
import Testing

/// `glint model` and `glint info`.
@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct ReportTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    @Test func modelInJSON() throws {
        let run = try place.run(["model", Program.smallModel, "--json"])
        #expect(run.status == 0 && run.errors.isEmpty)
        let report = try JSONValue(parsing: run.output.utf8)
        #expect(report["path"]?.string == Program.smallModel)
        #expect(report["pipeline"] == "LatentConsistencyModelPipeline")
        // Its safety checker has no weights, which is as good as none.
        #expect(report["notes"]?.array?.count == 1)
        #expect(report["notes"]?.array?[0].string?.contains("safety_checker has no .safetensors weights") == true)
        let components = try #require(report["components"]?.array)
        #expect(
            components.map { $0["name"] } == [
                "feature_extractor", "safety_checker", "scheduler", "text_encoder", "tokenizer", "unet", "vae",
            ])
        let unet = try #require(components.first { $0["name"] == "unet" })
        #expect(unet["class"] == "UNet2DConditionModel" && unet["precisions"]?.array == ["f16"])
        let parameters = try #require(unet["parameters"]?.int)
        #expect(parameters > 1000 && unet["bytes"]?.int == 2 * parameters)
    }

    /// A limit that a command would not keep to is not taken.
    @Test(arguments: [["bench", "pipeline"], ["quantize", "a", "b"], ["fid", "a", "b", "--inception", "c"]])
    func commandsWithoutALimitOfMemory(_ arguments: [String]) throws {
        let run = try place.run(arguments + ["--max-memory", "4G"])
        #expect(run.status == 64 && run.errors.contains("--max-memory is for glint generate and glint compare"), "\(run.errors)")
    }

    @Test func modelInText() throws {
        let run = try place.run(["model"])
        #expect(run.status == 0)
        #expect(run.output.contains("LatentConsistencyModelPipeline in ") && run.output.contains("AutoencoderTiny"))
    }

    @Test func twoTextEncoders() throws {
        let run = try place.run(["model", Program.model("sdxl")])
        #expect(run.status == 0 && run.errors.isEmpty)
        for word in ["StableDiffusionXLPipeline in ", "text_encoder_2", "CLIPTextModelWithProjection", "tokenizer_2"] {
            #expect(run.output.contains(word), "\(word)")
        }
    }

    @Test func singleFile() throws {
        try Workplace.writeSingleFile(to: place.path("sd2.safetensors"))
        let run = try place.run(["model", "sd2.safetensors", "--json"])
        #expect(run.status == 0 && run.errors.isEmpty)
        let report = try JSONValue(parsing: run.output.utf8)
        #expect(report["path"]?.string?.hasSuffix("/sd2.safetensors") == true && report["pipeline"] == "StableDiffusionPipeline")
        #expect(report["notes"]?.array?.contains { $0.string?.contains("v_prediction was assumed") == true } == true)
        let components = try #require(report["components"]?.array)
        #expect(components.map { $0["name"] } == ["scheduler", "text_encoder", "tokenizer", "unet", "vae"])
        let words = try #require(components.first { $0["name"] == "text_encoder" }?["parameters"]?.int)
        #expect(words > 49408 * 6)
    }

    @Test func safetyCheckers() throws {
        let run = try place.run(["model", try place.modelWithSafetyChecker(), "--json"])
        #expect(run.status == 0)
        let report = try JSONValue(parsing: run.output.utf8)
        let checker = try #require(report["components"]?.array?.first { $0["name"] == "safety_checker" })
        #expect(report["notes"]?.array == [] && (checker["parameters"]?.int ?? 0) > 1000)
    }

    @Test func modelsThatAreNone() throws {
        for folder in ["nowhere", "", "/", Program.smallModel + "/unet", Goldens.url("README.md").path, Program.lora] {
            let run = try place.run(["model", folder])
            #expect(run.exited && run.status == 1 && run.complaints.count == 1 && run.output.isEmpty, "\(run.errors)")
        }
    }

    @Test func info() throws {
        let run = try place.run(["info", "--json"])
        #expect(run.status == 0)
        let report = try JSONValue(parsing: run.output.utf8)
        #expect(report["openvino"]?.string?.isEmpty == false)
        #expect(try #require(report["cores"]?.int) >= 1)
        #expect(report["devices"]?.array?.contains { $0["name"] == "CPU" } == true)
        #expect(try place.run(["info"]).output.contains("CPU: "))
    }

    @Test func versionsAndHelp() throws {
        for arguments in [[], ["--help"], ["generate", "--help"], ["help", "model"]] {
            let run = try place.run(arguments)
            #expect(run.status == 0 && run.output.contains("USAGE: glint") && run.errors.isEmpty, "\(arguments)")
        }
        #expect(try place.run(["draw"]).status == 64)
    }
}
