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
        #expect(report["notes"]?.array?.count == 2)
        let components = try #require(report["components"]?.array)
        #expect(components.map { $0["name"] } == ["scheduler", "text_encoder", "tokenizer", "unet", "vae"])
        let unet = try #require(components.first { $0["name"] == "unet" })
        #expect(unet["class"] == "UNet2DConditionModel" && unet["precisions"]?.array == ["f16"])
        let parameters = try #require(unet["parameters"]?.int)
        #expect(parameters > 1000 && unet["bytes"]?.int == 2 * parameters)
    }

    @Test func modelInText() throws {
        let run = try place.run(["model"])
        #expect(run.status == 0)
        #expect(run.output.contains("LatentConsistencyModelPipeline in ") && run.output.contains("AutoencoderTiny"))
    }

    @Test func modelsThatAreNone() throws {
        for folder in ["nowhere", "/", Program.smallModel + "/unet"] {
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
