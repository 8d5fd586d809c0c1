import TensorStore
import Testing

@testable import Hub

@Suite struct FileSelectionTests {
    private func choose(
        _ paths: [String], documents: [String: JSONValue] = [:], cached: Set<String> = [],
        _ change: (inout FileSelection) -> Void = { _ in }
    ) async throws -> (paths: [String], notes: [String]) {
        var selection = FileSelection()
        change(&selection)
        let (files, notes) = try await selection.choose(
            from: paths.map { try remote($0) }, of: "owner/model", isCached: { cached.contains($0.path) },
            read: { try #require(documents[$0.path]) })
        return (files.map(\.path), notes)
    }

    private func index(_ components: String...) throws -> [String: JSONValue] {
        let members = components.map { #""\#($0)": ["library", "Class"]"# }.joined(separator: ", ")
        let text = #"{"_class_name": "P", "_x": ["a", "b"], "image_encoder": [null, null], \#(members)}"#
        return ["model_index.json": try JSONValue(parsing: text.utf8)]
    }

    /// The files of stable-diffusion-v1-5 at the hub.
    private static let sd15 = [
        ".gitattributes", "README.md", "feature_extractor/preprocessor_config.json", "model_index.json",
        "safety_checker/config.json", "safety_checker/model.fp16.safetensors", "safety_checker/model.safetensors",
        "safety_checker/pytorch_model.bin", "safety_checker/pytorch_model.fp16.bin", "scheduler/scheduler_config.json",
        "text_encoder/config.json", "text_encoder/model.fp16.safetensors", "text_encoder/model.safetensors",
        "text_encoder/pytorch_model.bin", "text_encoder/pytorch_model.fp16.bin", "tokenizer/merges.txt",
        "tokenizer/special_tokens_map.json", "tokenizer/tokenizer_config.json", "tokenizer/vocab.json", "unet/config.json",
        "unet/diffusion_pytorch_model.bin", "unet/diffusion_pytorch_model.fp16.bin",
        "unet/diffusion_pytorch_model.fp16.safetensors", "unet/diffusion_pytorch_model.non_ema.bin",
        "unet/diffusion_pytorch_model.non_ema.safetensors", "unet/diffusion_pytorch_model.safetensors",
        "v1-5-pruned-emaonly.ckpt", "v1-5-pruned-emaonly.safetensors", "v1-5-pruned.safetensors", "v1-inference.yaml",
        "vae/config.json", "vae/diffusion_pytorch_model.bin", "vae/diffusion_pytorch_model.fp16.bin",
        "vae/diffusion_pytorch_model.fp16.safetensors", "vae/diffusion_pytorch_model.safetensors",
    ]
    private static let sd15Components = [
        "feature_extractor", "safety_checker", "scheduler", "text_encoder", "tokenizer", "unet", "vae",
    ]
    private static let sd15Texts = [
        "feature_extractor/preprocessor_config.json", "model_index.json", "safety_checker/config.json",
        "scheduler/scheduler_config.json", "text_encoder/config.json", "tokenizer/merges.txt",
        "tokenizer/special_tokens_map.json", "tokenizer/tokenizer_config.json", "tokenizer/vocab.json", "unet/config.json",
        "vae/config.json",
    ]
    private static func sd15Weights(_ variant: String) -> [String] {
        [
            "safety_checker/model\(variant).safetensors", "text_encoder/model\(variant).safetensors",
            "unet/diffusion_pytorch_model\(variant).safetensors", "vae/diffusion_pytorch_model\(variant).safetensors",
        ]
    }
    private func sd15Index() throws -> [String: JSONValue] {
        let members = Self.sd15Components.map { #""\#($0)": ["library", "Class"]"# }.joined(separator: ", ")
        return ["model_index.json": try JSONValue(parsing: "{\(members)}".utf8)]
    }

    @Test func stableDiffusion() async throws {
        let documents = try sd15Index()
        let half = try await choose(Self.sd15, documents: documents)
        #expect(half.paths == (Self.sd15Texts + Self.sd15Weights(".fp16")).sorted())
        #expect(half.notes.count == 1)
        let full = try await choose(Self.sd15, documents: documents) { $0.variant = .full }
        #expect(full.paths == (Self.sd15Texts + Self.sd15Weights("")).sorted())
        #expect(full.notes.isEmpty)
    }

    @Test func whatIsInTheCacheComesFirst() async throws {
        let chosen = try await choose(
            Self.sd15, documents: sd15Index(), cached: ["unet/diffusion_pytorch_model.safetensors"])
        #expect(chosen.paths.contains("unet/diffusion_pytorch_model.safetensors"))
        #expect(!chosen.paths.contains("unet/diffusion_pytorch_model.fp16.safetensors"))
        #expect(chosen.paths.contains("vae/diffusion_pytorch_model.fp16.safetensors"))
    }

    @Test func aNamedVariant() async throws {
        let chosen = try await choose(Self.sd15, documents: sd15Index()) { $0.variant = .named("non_ema") }
        #expect(
            chosen.paths.filter { $0.hasSuffix("safetensors") }.sorted()
                == (Self.sd15Weights("").filter { !$0.hasPrefix("unet") } + ["unet/diffusion_pytorch_model.non_ema.safetensors"])
                .sorted())
        #expect(chosen.notes.count == 1)
        await #expect(throws: HubError.noSuchVariant("bf16", repository: "owner/model", found: ["fp16", "full", "non_ema"])) {
            try await choose(Self.sd15, documents: sd15Index()) { $0.variant = .named("bf16") }
        }
    }

    @Test func shardsThatTheIndexNames() async throws {
        let stem = "unet/diffusion_pytorch_model"
        let shards = (1...2).map { "\(stem)-0000\($0)-of-00002.safetensors" }
        let names = shards.map { $0.dropFirst("unet/".count) }
        var documents = try index("unet")
        documents["\(stem).safetensors.index.json"] = try JSONValue(
            parsing: #"{"weight_map": {"a": "\#(names[0])", "b": "\#(names[1])", "c": "\#(names[0])"}}"#.utf8)
        let paths = ["model_index.json", "unet/config.json", "\(stem).safetensors.index.json", "\(stem).bin"]
        let stale = "\(stem)-00001-of-00003.safetensors"
        let chosen = try await choose(paths + shards + [stale], documents: documents)
        #expect(chosen.paths == (paths.dropLast() + shards).sorted())
        await #expect {
            try await choose(paths + [shards[0]], documents: documents)
        } throws: {
            guard case HubError.noSuchFile(let path, _, _) = $0 else { return false }
            return path == shards[1]
        }
    }

    @Test func openVINOFolders() async throws {
        let paths = [
            "README.md", "model_index.json", "scheduler/scheduler_config.json", "text_encoder/config.json",
            "text_encoder/openvino_model.bin", "text_encoder/openvino_model.xml", "tokenizer/openvino_detokenizer.bin",
            "tokenizer/openvino_detokenizer.xml", "tokenizer/openvino_tokenizer.bin", "tokenizer/openvino_tokenizer.xml",
            "tokenizer/vocab.json", "unet/config.json", "unet/openvino_model.bin", "unet/openvino_model.xml",
            "vae_decoder/config.json", "vae_decoder/openvino_model.bin", "vae_decoder/openvino_model.xml",
        ]
        let documents = try index("scheduler", "text_encoder", "tokenizer", "unet", "vae")
        let chosen = try await choose(paths, documents: documents)
        #expect(chosen.paths == paths.filter { $0 != "README.md" })
        #expect(chosen.notes.isEmpty)
        await #expect(throws: HubError.self) {
            try await choose(paths.filter { $0 != "unet/openvino_model.bin" }, documents: documents)
        }
        let root = ["config.json", "openvino_encoder_model.bin", "openvino_encoder_model.xml", "x.png"]
        #expect(try await choose(root).paths == root.dropLast())
    }

    @Test func safetensorsRatherThanIR() async throws {
        let paths = ["model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.safetensors"]
        let both = paths + ["unet/openvino_model.bin", "unet/openvino_model.xml"]
        #expect(try await choose(both, documents: index("unet")).paths == paths)
    }

    @Test func loRAsAndSingleFiles() async throws {
        let paths = ["README.md", "a.safetensors", "b.safetensors", "b.ckpt", "sample.png", "sub/c.safetensors"]
        #expect(try await choose(paths).paths == ["a.safetensors", "b.safetensors"])
        #expect(try await choose(paths) { $0.files = ["sub/c.safetensors"] }.paths == ["sub/c.safetensors"])
        #expect(
            try await choose(paths) { $0.exclude = ["b*"] }.paths == ["a.safetensors"])
        await #expect(
            throws: HubError.noSuchFile(
                path: "c.safetensors", repository: "owner/model",
                similar: ["a.safetensors", "b.safetensors", "sub/c.safetensors"])
        ) { try await choose(paths) { $0.files = ["c.safetensors"] } }
    }

    @Test func oneNetworkInTheRoot() async throws {
        let paths = [
            "README.md", "config.json", "model.fp16.safetensors", "model.safetensors", "pytorch_model.bin", "vocab.json",
        ]
        #expect(try await choose(paths).paths == ["config.json", "model.fp16.safetensors", "vocab.json"])
    }

    @Test func patterns() async throws {
        #expect(
            try await choose(Self.sd15) {
                $0.include = ["*.yaml", "vae/"]; $0.exclude = ["*.bin", "*fp16*"]
            }.paths
                == ["v1-inference.yaml", "vae/config.json", "vae/diffusion_pytorch_model.safetensors"])
        await #expect {
            try await choose(Self.sd15) { $0.include = ["*.zip"] }
        } throws: {
            guard case HubError.nothingSelected(_, let reason) = $0 else { return false }
            return reason.contains("*.zip")
        }
    }

    @Test func picklesOnly() async throws {
        let paths = ["model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.bin"]
        await #expect(
            throws: HubError.noUsableWeights(
                place: "the component 'unet'", repository: "owner/model", found: ["diffusion_pytorch_model.bin"])
        ) { try await choose(paths, documents: index("unet")) }
        let safety = ["model_index.json", "safety_checker/config.json", "safety_checker/pytorch_model.bin"]
        let chosen = try await choose(safety, documents: index("safety_checker"))
        #expect(chosen.paths == safety.dropLast())
        #expect(chosen.notes.count == 1)
        await #expect(throws: HubError.self) { try await choose(["config.json", "pytorch_model.bin"]) }
        await #expect(throws: HubError.self) { try await choose(["README.md"]) }
    }

    @Test func anIndexWithoutComponents() async throws {
        await #expect(throws: HubError.self) {
            try await choose(["model_index.json", "README.md"], documents: ["model_index.json": .array([])])
        }
    }

    @Test func aComponentThatIsMissingIsNoted() async throws {
        let chosen = try await choose(["model_index.json", "unet/config.json"], documents: index("unet", "vae"))
        #expect(chosen.notes.count == 1 && chosen.notes[0].contains("'vae'"))
    }
}
