import Foundation
import Hub
import ModelLoading
import Synchronization
import TestSupport
import Testing

@testable import Workflows

/// The choice of a speech model, without a network.
@Suite struct SpeechModelLocationTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func location(_ settings: [String: String] = [:]) -> SpeechModelLocation {
        var location = SpeechModelLocation()
        // Nothing listens at port 1.
        let variables = [
            "HOME": folder.path, "XDG_CACHE_HOME": folder.path, "HF_ENDPOINT": "http://127.0.0.1:1",
            "PIP_INDEX_URL": "http://127.0.0.1:1/simple",
        ]
        location.variables = variables.merging(settings) { $1 }
        location.retry = RetryPolicy(attempts: 1)
        return location
    }

    private func putPackaged(_ model: PackagedModel) throws -> String {
        for file in model.files { _ = try folder.write("glint/models/\(model.name)/\(file.name)", "x") }
        return folder.path + "/glint/models/\(model.name)"
    }

    @Test func theDefaultIsTheHubs() async throws {
        let repository = "huggingface/hub/models--openai--whisper-base"
        let commit = String(repeating: "a", count: 40)
        _ = try folder.write("\(repository)/refs/main", commit)
        _ = try folder.write("\(repository)/snapshots/\(commit)/model.safetensors", "x")
        _ = try putPackaged(.whisperTinyEnglish)
        let model = try await location().resolve(nil)
        #expect(model.name == "openai/whisper-base" && model.folder.path.hasSuffix("snapshots/\(commit)"))
    }

    @Test func theSmallOneNeedsNoNetworkOnceItIsThere() async throws {
        let path = try putPackaged(.whisperTinyEnglish)
        let model = try await location().resolve(nil)
        #expect(model.name == "whisper-tiny.en" && model.folder.path == path)
    }

    /// The hub is asked first, and then the index, whose error is told.
    @Test func withoutNetworkTheErrorSaysSo() async throws {
        let notes = Notes()
        let error = await #expect(throws: PackageError.self) { try await location().resolve(nil) { notes.add($0) } }
        guard case .unreachable("127.0.0.1:1", _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let texts = notes.texts
        #expect(texts.contains { $0.hasPrefix("openai/whisper-base, the default model, is fetched from the hub") })
        #expect(texts.contains { $0.contains("whisper-tiny.en is fetched: 67 MiB of 127.0.0.1; licence MIT; kept in") })
        await #expect(throws: PackageError.offline(model: "whisper-tiny.en", setting: "HF_HUB_OFFLINE")) {
            try await location(["HF_HUB_OFFLINE": "1"]).resolve(nil)
        }
    }

    @Test func namedModels() async throws {
        let path = try putPackaged(.whisperBase)
        let model = try await location().resolve("whisper-base")
        #expect(model.folder.path == path)
        await #expect(throws: ModelError.self) { try await location().resolve("whisper-none") }
        #expect(try await location().resolve(folder.path).folder.path == folder.path)
    }
}

private final class Notes: Sendable {
    private let kept = Mutex<[String]>([])

    var texts: [String] { kept.withLock { $0 } }

    func add(_ event: SpeechModelLocation.Event) {
        switch event {
        case .note(let text), .announcement(let text): kept.withLock { $0.append(text) }
        case .pull: break
        }
    }
}
