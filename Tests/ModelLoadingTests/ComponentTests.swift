import Architectures
import Foundation
import ModelLoading
import TensorStore
import TestSupport
import Testing

@Suite struct ComponentTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func component(_ library: String = "diffusers") -> Component {
        Component(name: "unet", library: library, className: "UNet2DConditionModel", folder: folder.url)
    }

    /// A file with one tensor, whose name tells files apart.
    private func write(_ file: String, tensor: String) throws {
        var writer = SafetensorsWriter()
        try writer.add(tensor, Tensor([Float(1)], shape: [1]))
        try writer.write(to: folder.url.appending(path: file).path)
    }

    private func found(_ library: String = "diffusers") throws -> [String] {
        try component(library).weights().entries.keys.sorted()
    }

    @Test(arguments: [("diffusers", "diffusion_pytorch_model"), ("transformers", "model")])
    func weightsAreChosenInOrder(_ library: String, _ stem: String) throws {
        // From the last choice to the first: each goes before those that are there already.
        try write("other-00001-of-00001.safetensors", tensor: "sharded other")
        try folder.write(
            "\(stem).safetensors.non_ema.index.json",
            #"{"weight_map": {"sharded other": "other-00001-of-00001.safetensors"}}"#)
        #expect(try found(library) == ["sharded other"])
        try write("half-00001-of-00001.safetensors", tensor: "sharded half")
        try folder.write(
            "\(stem).safetensors.index.fp16.json", #"{"weight_map": {"sharded half": "half-00001-of-00001.safetensors"}}"#)
        #expect(try found(library) == ["sharded half"])
        try write("\(stem).fp16.safetensors", tensor: "half")
        #expect(try found(library) == ["half"])
        try write("\(stem)-00001-of-00002.safetensors", tensor: "first")
        try write("\(stem)-00002-of-00002.safetensors", tensor: "second")
        try folder.write(
            "\(stem).safetensors.index.json",
            """
            {"metadata": {"total_size": 8},
             "weight_map": {"first": "\(stem)-00001-of-00002.safetensors", "second": "\(stem)-00002-of-00002.safetensors"}}
            """)
        #expect(try found(library) == ["first", "second"])
        try write("\(stem).safetensors", tensor: "whole")
        #expect(try found(library) == ["whole"])
        #expect(try component(library).weights().source == folder.path + "/\(stem).safetensors")
    }

    /// Each library's own name, and not the other's.
    @Test func librariesHaveTheirOwnNames() throws {
        try write("model.safetensors", tensor: "a")
        #expect(throws: ModelError.noWeights(folder: folder.path, found: ["model.safetensors"])) { try found("diffusers") }
        #expect(try found("transformers") == ["a"])
    }

    @Test func otherFormatsAreListed() throws {
        #expect(throws: ModelError.noWeights(folder: folder.path, found: [])) { try found() }
        try folder.write("config.json", "{}")
        try folder.write("diffusion_pytorch_model.bin", "PK")
        let error = ModelError.noWeights(folder: folder.path, found: ["config.json", "diffusion_pytorch_model.bin"])
        #expect(throws: error) { try found() }
        #expect(
            "\(error)" == "\(folder.path) has no .safetensors weights; it has config.json, diffusion_pytorch_model.bin.")
    }

    @Test func missingFolder() throws {
        let nowhere = Component(name: "vae", library: "diffusers", className: "V", folder: folder.url.appending(path: "vae"))
        #expect(throws: ModelError.missing(path: folder.path + "/vae")) { try nowhere.weights() }
        #expect(throws: FileError.missing(path: folder.path + "/vae/config.json")) { try nowhere.config() }
        #expect(!nowhere.hasWeights)
    }

    @Test func missingShard() throws {
        try folder.write(
            "diffusion_pytorch_model.safetensors.index.json", #"{"weight_map": {"a": "gone.safetensors"}}"#)
        #expect(throws: SafetensorsError.self) { try found() }
    }

    @Test func damagedWeights() throws {
        try folder.write("diffusion_pytorch_model.safetensors", "version https://git-lfs.github.com/spec/v1\n")
        #expect(throws: SafetensorsError.self) { try found() }
    }

    @Test func config() throws {
        try folder.write("config.json", #"{"in_channels": 9}"#)
        #expect(component().hasWeights)
        let reader = try component().config()
        #expect(reader.className == "UNet2DConditionModel")
        #expect(reader.file == folder.path + "/config.json")
        try folder.write("config.json", "{in_channels: 9}")
        #expect(throws: ModelError.self) { try component().config() }
    }
}
