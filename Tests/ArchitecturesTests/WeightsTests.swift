@testable import Architectures
import Foundation
import ModelGraph
import ModelLoading
import TensorStore
import TestSupport
import Testing

@Suite struct WeightsTests {
    /// A golden network and what builds its graph over other weights.
    struct Network: Sendable, CustomTestStringConvertible {
        let path: String
        let library: String
        let className: String
        let graph: @Sendable (ConfigReader, Weights) throws -> Graph

        var testDescription: String { path }

        var component: Component {
            Component(name: path, library: library, className: className, folder: Goldens.url(path))
        }

        func build(_ weights: Weights) throws -> Graph { try graph(component.config(), weights) }
    }

    static let networks = [
        Network(path: "Architectures/clip/quick-gelu-legacy-eos", library: "transformers", className: "CLIPTextModel") {
            try Registry.make($0, from: Registry.textEncoders).graph($1, batch: 1, tokens: 4)
        },
        Network(path: "Architectures/unet/lcm", library: "diffusers", className: "UNet2DConditionModel") {
            try Registry.make($0, from: Registry.unets).graph($1, .init(batch: 1, height: 8, width: 8, tokens: 3))
        },
        Network(path: "Architectures/vae/sd15", library: "diffusers", className: "AutoencoderKL") {
            try Registry.make($0, from: Registry.autoencoders).decoder($1, batch: 1, height: 8, width: 8)
        },
        Network(path: "Architectures/tiny-vae/taesd", library: "diffusers", className: "AutoencoderTiny") {
            try Registry.make($0, from: Registry.autoencoders).decoder($1, batch: 1, height: 8, width: 8)
        },
    ]

    /// Names that the network asks for, as the file has them.
    private func used(_ network: Network) throws -> [String] {
        let recorder = TensorRecorder(placeholder: try MappedFile(path: #filePath))
        _ = try network.build(Weights(recording: recorder))
        let asked = Set(recorder.shapes.keys)
        return try network.component.weights().entries.keys.sorted()
            .filter { asked.contains($0) || asked.contains($0.replacingOccurrences(of: "text_model.", with: "")) }
    }

    /// Without any one of its tensors, or with one under a wrong name, no network is made.
    @Test(arguments: networks) func missingTensors(_ network: Network) throws {
        let weights = try network.component.weights()
        let names = try used(network)
        #expect(names.count > 20)
        for name in names {
            let short = name.replacingOccurrences(of: "text_model.", with: "")
            #expect(throws: ArchitectureError.missingTensor(short, in: weights.source), "\(name)") {
                try network.build(weights.renamed { $0 == name ? "\(name)_" : $0 })
            }
        }
        #expect(
            "\(ArchitectureError.missingTensor("a.b", in: "m.safetensors"))"
                == "m.safetensors has no tensor 'a.b', which its configuration asks for.")
    }

    @Test(arguments: networks) func wrongShapes(_ network: Network) throws {
        let weights = try network.component.weights()
        for name in try used(network) {
            var entries = weights.entries
            let entry = try #require(entries[name])
            let sizes = Array(entry.shape)
            let last = try #require(sizes.last)
            for wrong in [sizes + [2], sizes.dropLast() + [last + 1], [], [1] + sizes].map({ Shape($0) }) {
                entries[name] = Weights.Entry(elementType: entry.elementType, shape: wrong, data: entry.data)
                let error = #expect(throws: ArchitectureError.self, "\(name) \(wrong)") {
                    try network.build(Weights(entries, source: weights.source))
                }
                guard case .tensorShape(let found, let source, let expected, let shape) = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
                #expect(name.hasSuffix(found) && source == weights.source && expected == entry.shape && shape == wrong)
                let text = error.map { "\($0)" } ?? ""
                #expect(text.contains("'\(found)'") && text.contains(weights.source))
            }
        }
    }

    /// Whole numbers are quantized weights, which are nothing without their scales.
    @Test(arguments: networks) func wrongElementTypes(_ network: Network) throws {
        let weights = try network.component.weights()
        for name in try used(network).prefix(10) {
            var entries = weights.entries
            let entry = try #require(entries[name])
            let count = try #require(entry.shape.checkedElementCount)
            entries[name] = Weights.Entry(elementType: .i8, shape: entry.shape, data: .bytes(Array(repeating: 1, count: count)))
            let error = #expect(throws: ArchitectureError.self, "\(name)") {
                try network.build(Weights(entries, source: weights.source))
            }
            #expect(error.map { "\($0)" }?.contains("i8") == true)
        }
    }

    @Test func parameterCount() throws {
        let entry = Weights.Entry(elementType: .f16, shape: [2, 3], data: .bytes(Array(repeating: 0, count: 12)))
        let scalar = Weights.Entry(elementType: .f32, shape: [], data: .bytes([0, 0, 0, 0]))
        #expect(Weights(["a": entry, "b": scalar], source: "s").parameterCount == 7)
    }

    @Test func renaming() throws {
        func entry(_ size: Int) -> Weights.Entry {
            .init(elementType: .i8, shape: [size], data: .bytes(Array(repeating: 0, count: size)))
        }
        let weights = Weights(["p.a": entry(1), "a": entry(2), "p.b": entry(3)], source: "s")
        let renamed = weights.renamed { $0.hasPrefix("p.") ? String($0.dropFirst(2)) : $0 }
        // The tensor that has the name already keeps it.
        #expect(renamed.entries.mapValues(\.shape) == ["a": [2], "b": [3]])
        #expect(renamed.source == "s" && renamed.contains("b") && !renamed.contains("p.b"))
    }

    // MARK: Names of other versions

    /// transformers writes `text_model.` before version 5 and leaves it out since; either is taken, a third is not.
    @Test func prefixesOfTextEncoders() throws {
        let network = Self.networks[0]
        let weights = try network.component.weights()
        let bare = weights.renamed { $0.replacingOccurrences(of: "text_model.", with: "") }
        #expect(try network.build(bare).nodes.map(\.name) == network.build(weights).nodes.map(\.name))
        for prefix in ["model.", "text_model.text_model.", "text_encoder.", "transformer.text_model."] {
            #expect(throws: ArchitectureError.self, "\(prefix)") { try network.build(bare.renamed { prefix + $0 }) }
        }
    }

    /// `position_ids`, a buffer that old versions saved, is left alone, whatever it is.
    @Test func strayBuffers() throws {
        let network = Self.networks[0]
        var entries = try network.component.weights().entries
        let plain = try network.build(Weights(entries, source: "s"))
        entries["text_model.embeddings.position_ids"] = Weights.Entry(
            elementType: .i64, shape: [1, 3], data: .bytes(Array(repeating: 7, count: 24)))
        entries["logit_scale"] = Weights.Entry(elementType: .f32, shape: [], data: .bytes([0, 0, 0, 0]))
        #expect(try network.build(Weights(entries, source: "s")).nodes.count == plain.nodes.count)
    }

    /// Old and new names of the autoencoder's attention, and no others.
    @Test func attentionOfAutoencoders() throws {
        let network = Self.networks[2]
        let weights = try network.component.weights()
        let names = [".to_q.": ".query.", ".to_k.": ".key.", ".to_v.": ".value.", ".to_out.0.": ".proj_attn."]
        let old = weights.renamed { name in names.reduce(name) { $0.replacingOccurrences(of: $1.key, with: $1.value) } }
        #expect(old.entries.keys.contains { $0.contains(".proj_attn.") })
        #expect(try network.build(old).nodes.map(\.name) == network.build(weights).nodes.map(\.name))
        for (name, wrong) in [(".to_q.", ".q."), (".to_k.", ".keys."), (".to_out.0.", ".to_out."), (".to_v.", ".query.")] {
            #expect(throws: ArchitectureError.self, "\(wrong)") {
                try network.build(weights.renamed { $0.replacingOccurrences(of: name, with: wrong) })
            }
        }
    }

    @Test func tensorsOfTorchFiles() throws {
        let file = try TorchPickleFile(path: Goldens.url("Evaluation/state.pth").path)
        let weights = file.weights
        for name in ["shared", "transposed", "strided"] {
            let bytes = try #require(weights.entries[name]).data.withUnsafeBytes { Array($0) }
            #expect(bytes == (try file.tensor(named: name).withUnsafeBytes(Array.init)), "\(name)")
        }
    }
}
