@testable import Architectures
import ModelGraph
import TensorStore
import Testing

@Suite struct RegistryTests {
    private func reader(_ className: String, _ json: String = "{}") throws -> ConfigReader {
        ConfigReader(try JSONValue(parsing: json.utf8), className: className, file: "part/config.json")
    }

    @Test func makesEachClass() throws {
        #expect(Registry.textEncoders.classNames == ["CLIPTextModel", "CLIPTextModelWithProjection"])
        #expect(Registry.unets.classNames == ["UNet2DConditionModel"])
        #expect(Registry.autoencoders.classNames == ["AutoencoderKL", "AutoencoderTiny"])
        for name in Registry.textEncoders.classNames {
            #expect(try Registry.make(reader(name, #"{"hidden_size": 64}"#), from: Registry.textEncoders).config.hiddenSize == 64)
        }
        #expect(
            try Registry.make(reader("UNet2DConditionModel", #"{"in_channels": 9}"#), from: Registry.unets).config.inChannels == 9
        )
        #expect(try Registry.make(reader("AutoencoderKL"), from: Registry.autoencoders) is AutoencoderKL)
        let tiny = try Registry.make(
            reader("AutoencoderTiny", #"{"latent_channels": 16, "scaling_factor": 2}"#), from: Registry.autoencoders)
        #expect(tiny is AutoencoderTiny && tiny.latentChannels == 16 && tiny.scalingFactor == 2 && tiny.spatialFactor == 8)
    }

    @Test func unknownClasses() throws {
        for name in ["VQModel", "AutoencoderKLTemporalDecoder", "autoencoderkl", ""] {
            let error = ArchitectureError.unknownClass(
                name, file: "part/config.json", known: ["AutoencoderKL", "AutoencoderTiny"])
            #expect(throws: error) { try Registry.make(reader(name), from: Registry.autoencoders) }
            #expect("\(error)" == "part/config.json: the class '\(name)' is not known; known are AutoencoderKL, AutoencoderTiny.")
        }
        // A class of another part.
        #expect(throws: ArchitectureError.self) { try Registry.make(reader("AutoencoderKL"), from: Registry.unets) }
        #expect(throws: ArchitectureError.self) { try Registry.make(reader("T5EncoderModel"), from: Registry.textEncoders) }
    }

    @Test func kindsByClassAndLibrary() throws {
        let kind = try Registry.kind(of: "CLIPTextModelWithProjection", in: .transformers, file: "config.json")
        #expect(kind.component == "text_encoder" && kind.library == .transformers)
        #expect(try kind.makeAny(reader("CLIPTextModel")) is CLIPTextModel)
        #expect(try Registry.kind(of: "AutoencoderTiny", in: .diffusers, file: "c").component == "vae")
        let known = [
            "CLIPTextModel", "CLIPTextModelWithProjection", "CLIPVisionModelWithProjection", "WhisperForConditionalGeneration",
        ]
        for name in ["WhisperForAudioClassification", "UNet2DConditionModel"] {
            #expect(throws: ArchitectureError.unknownClass(name, file: "config.json", known: known)) {
                try Registry.kind(of: name, in: .transformers, file: "config.json")
            }
        }
        // No class is in two kinds of a library.
        let names = Registry.all.flatMap { kind in kind.classNames.map { "\(kind.library) \($0)" } }
        #expect(Set(names).count == names.count)
    }

    @Test func configsThatAreNoObjects() throws {
        for text in ["[]", "1", "null", "\"x\""] {
            // Without parameters, all are the defaults; what the weights then lack says what is wrong.
            #expect(throws: Never.self) { try Registry.make(reader("AutoencoderTiny", text), from: Registry.autoencoders) }
        }
    }

    @Test func errorsAreSentences() throws {
        func text(_ changes: String) -> String {
            do { _ = try Registry.make(reader("UNet2DConditionModel", changes), from: Registry.unets) } catch {
                return "\(error)"
            }
            return ""
        }
        #expect(
            text(#"{"class_embed_type": "timestep"}"#)
                == "part/config.json: UNet2DConditionModel with class_embed_type = \"timestep\" is not supported; null is.")
        #expect(
            text(#"{"in_channels": -4}"#)
                == "part/config.json: in_channels of UNet2DConditionModel must be a whole number from 1 to 16777216, not -4.")
        #expect(
            text(#"{"block_out_channels": [320]}"#)
                == "part/config.json: UNet2DConditionModel: down_block_types (4), up_block_types (4) and block_out_channels (1) "
                + "must be of one length.")
    }
}
