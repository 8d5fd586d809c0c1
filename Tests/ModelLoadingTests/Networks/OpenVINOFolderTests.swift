import Architectures
import Foundation
import ModelGraph
import ModelLoading
import TensorStore
import TestSupport
import Testing
import Tokenizers

@Suite struct OpenVINOFolderTests {
    private let place: TemporaryFolder
    private let source: ModelSource

    init() throws {
        place = try TemporaryFolder()
        source = try ModelSource(Goldens.url("Diffusion/pipeline/autoencoder-kl/model"))
    }

    private func names(_ path: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: place.path + path).sorted()
    }

    @Test func appearsWhenItIsComplete() throws {
        let target = place.url.appending(path: "out")
        let folder = try OpenVINOFolder(target, copying: source)
        let unet = try source.component("unet")
        try folder.write(unet.network(from: Registry.unets).exportedGraph(), as: "unet", configOf: unet)
        try folder.copy("tokenizer")
        try folder.copy("nothing of this name")
        #expect(try !names().contains("out"))
        try folder.finish()
        #expect(try names() == ["out"])
        #expect(try names("/out") == ["model_index.json", "tokenizer", "unet"])
        #expect(try names("/out/unet") == ["config.json", "openvino_model.bin", "openvino_model.xml"])
        let read = try ModelSource(target).component("unet")
        #expect(read.hasIR)
        guard case .graph = try read.network(from: Registry.unets).origin else {
            Issue.record("the IR was not taken")
            return
        }
    }

    /// A model in one file gets the configs, tokenizer and scheduler that it was told to have.
    @Test func writesThePartsOfASingleFile() throws {
        let source = try ModelSource(SingleFileGolden(name: "sdxl").url)
        let target = place.url.appending(path: "out")
        let folder = try OpenVINOFolder(target, copying: source)
        let encoder = try source.component("text_encoder_2")
        let graph = try encoder.network(from: Registry.textEncoders).exportedGraph(tokens: 5)
        try folder.write(graph, as: "text_encoder_2", configOf: encoder)
        for name in ["tokenizer", "tokenizer_2", "scheduler", "nothing of this name"] { try folder.copy(name) }
        try folder.finish()
        let read = try ModelSource(target)
        #expect(read.pipelineClass == source.pipelineClass && read.options == source.options)
        #expect(Set(read.components.keys) == Set(source.components.keys))
        #expect(try read.schedulerConfig().json == source.schedulerConfig().json)
        for name in ["tokenizer", "tokenizer_2"] {
            let (found, expected) = (try read.tokenizer(name), try source.tokenizer(name))
            #expect(found.encode("a cat!", maxLength: 77) == expected.encode("a cat!", maxLength: 77))
            #expect(found.padTokenID == expected.padTokenID)
        }
        let network = try read.component("text_encoder_2").network(from: Registry.textEncoders)
        #expect(network.architecture.config.projectionDim == 4)
        let sized = try network.graph(tokens: 5, outputs: .init(hiddenStates: true, pooled: true))
        #expect(sized.graph.hasResult(named: "text_embeds"))
    }

    @Test func leavesNothingWhereItWasNotFinished() throws {
        do {
            let folder = try OpenVINOFolder(place.url.appending(path: "out"), copying: source)
            try folder.copy("tokenizer")
        }
        #expect(try names() == [])
    }

    /// What a killed process left goes; what a living one is at work on stays.
    @Test func removesRemains() throws {
        for process in ["1", "99999999"] { try place.write(".out.partial-\(process)/x", "") }
        _ = try OpenVINOFolder(place.url.appending(path: "out"), copying: source)
        #expect(try names() == [".out.partial-1"])
    }

    @Test func refusesAPlaceThatIsTaken() throws {
        try place.write("out/x", "")
        let target = place.url.appending(path: "out")
        #expect(throws: ModelError.exists(path: target.path)) { try OpenVINOFolder(target, copying: source) }
        #expect(throws: FileError.missingFolder(path: place.path + "/nowhere")) {
            try OpenVINOFolder(place.url.appending(path: "nowhere/out"), copying: source)
        }
        #expect(throws: Never.self) { try ModelFolder.checkFree(place.url.appending(path: "free")) }
    }
}
