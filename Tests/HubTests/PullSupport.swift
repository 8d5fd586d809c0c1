import Foundation
import Synchronization
import TestSupport

@testable import Hub

/// A small model in diffusers' layout, with other files that are not needed.
enum SampleModel {
    static let unet = "unet/diffusion_pytorch_model.safetensors"
    static let index = #"{"_class_name": "P", "unet": ["diffusers", "U"], "scheduler": ["diffusers", "S"], "x": [null, null]}"#

    static let files: [String: [UInt8]] = [
        "model_index.json": Array(index.utf8),
        "scheduler/scheduler_config.json": Array("{}".utf8),
        "unet/config.json": Array(#"{"sample_size": 8}"#.utf8),
        unet: bytes(200_000),
        "unet/diffusion_pytorch_model.bin": bytes(1000),
        "README.md": Array("# Model".utf8),
        "model.ckpt": bytes(500),
    ]

    static let needed = ["model_index.json", "scheduler/scheduler_config.json", "unet/config.json", unet]

    static func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } }
}

/// A temporary cache, and the events of its pulls.
final class PullBench: Sendable {
    let folder: TemporaryFolder
    private let events: Mutex<[PullEvent]> = Mutex([])
    private let waits: Mutex<[Duration]> = Mutex([])

    init() throws { folder = try TemporaryFolder() }

    var cache: HubCache { HubCache(folder: folder.url.appending(path: "hub")) }
    /// Delays before each further attempt, which are recorded and not waited for.
    var delays: [Duration] { waits.withLock { $0 } }
    var reported: [PullEvent] { events.withLock { $0 } }

    func pull(
        _ endpoint: String, _ text: String = "owner/model", token: String? = nil, settings: [String: String] = [:],
        selection: FileSelection = FileSelection()
    ) throws -> ModelPull {
        var variables = ["HF_ENDPOINT": endpoint, "HF_HOME": folder.path, "HOME": folder.path, "HF_TOKEN": token ?? ""]
        variables.merge(settings) { $1 }
        var pull = ModelPull(
            try RepositoryReference(text), environment: try HubEnvironment(variables), selection: selection)
        pull.retry.sleep = { [self] delay in
            waits.withLock { $0.append(delay) }
            try Task.checkCancellation()
        }
        return pull
    }

    @discardableResult
    func run(_ pull: ModelPull) async throws -> PulledModel {
        try await pull.run { [self] event in events.withLock { $0.append(event) } }
    }

    func partial(_ digest: ContentDigest) -> URL { PartialFile.url(cache.blob(digest, of: "owner/model")) }
}
