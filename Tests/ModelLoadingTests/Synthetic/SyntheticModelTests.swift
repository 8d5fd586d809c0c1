import Architectures
import Foundation
@testable import ModelLoading
import TensorStore
import Testing

/// The catalog's models, of which none is written here: they take gigabytes.
@Suite struct SyntheticModelTests {
    /// Parameters of the published networks, as diffusers and transformers count them.
    private static let sd1 = ["unet": 859_520_964, "text_encoder": 123_060_480, "vae": 83_653_863]
    private static let sdxl = [
        "unet": 2_567_463_684, "text_encoder": 123_060_480, "text_encoder_2": 694_659_840, "vae": 83_653_863,
    ]
    private static let expected = [
        "lcm-dreamshaper-v7": sd1.merging(["unet": 859_602_884]) { $1 },
        "lcm-dreamshaper-v7-taesd": sd1.merging(["unet": 859_602_884, "vae": 2_445_063]) { $1 },
        "sd15": sd1,
        "sd-turbo": ["unet": 865_910_724, "text_encoder": 340_387_840, "vae": 83_653_863],
        "sdxl": sdxl,
        "sdxl-turbo": sdxl,
    ]

    @Test(arguments: SyntheticModel.all.map(\.name)) func sizesAreThePublishedOnes(_ name: String) throws {
        let model = try #require(SyntheticModel.named(name))
        let placeholder = try MappedFile(path: #filePath)
        var counts: [String: Int] = [:]
        for (path, config) in model.configs where path.hasSuffix("/config.json") {
            let component = String(path.prefix { $0 != "/" })
            let type = try #require(config["_class_name"]?.string ?? config["architectures"]?.array?.first?.string)
            let reader = ConfigReader(config, className: type, file: path)
            let shapes = try SyntheticModel.shapes(of: component, reader, placeholder: placeholder)
            counts[component] = shapes.values.reduce(0) { $0 + ($1.checkedElementCount ?? 0) }
        }
        #expect(counts == Self.expected[name])
    }

    @Test(arguments: SyntheticModel.all.map(\.name)) func indicesNameTheParts(_ name: String) throws {
        let model = try #require(SyntheticModel.named(name))
        let index = try #require(model.configs["model_index.json"]?.object)
        for path in model.configs.keys where path != "model_index.json" {
            #expect(index[String(path.prefix { $0 != "/" })]?.array?.count == 2, "\(path)")
        }
        let scheduler = try #require(model.configs["scheduler/scheduler_config.json"]?["_class_name"])
        #expect(index["scheduler"]?.array?.last == scheduler)
    }

    @Test func turboModelsAreOfOneStep() throws {
        let turbo = try #require(SyntheticModel.named("sdxl-turbo")).configs["scheduler/scheduler_config.json"]
        #expect(turbo?["_class_name"] == "EulerAncestralDiscreteScheduler" && turbo?["timestep_spacing"] == "trailing")
    }
}
