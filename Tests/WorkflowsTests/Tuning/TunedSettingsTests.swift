import Diffusion
import Foundation
import Inference
import OpenVINO
import TestSupport
import Testing

@testable import Workflows

@Suite struct TunedSettingsTests {
    private let settings = TunedSettings(threads: 3, streams: 2, precision: .bf16)

    private func model(_ folder: TemporaryFolder, _ text: String) throws -> URL {
        try folder.write("model/config.json", text).deletingLastPathComponent()
    }

    @Test func settingsAreKeptByModelAndMachine() throws {
        let folder = try TemporaryFolder()
        let url = try model(folder, "{}")
        let store = TunedSettingsStore(folder: folder.url.appending(path: "tuned"), machine: "one")
        #expect(store.settings(of: url) == nil)
        try store.keep(settings, for: url)
        #expect(store.settings(of: url) == settings)
        #expect(TunedSettingsStore(folder: folder.url.appending(path: "tuned"), machine: "two").settings(of: url) == nil)
        // Another model in the same place.
        _ = try model(folder, "{\"a\": 1}")
        #expect(store.settings(of: url) == nil)
    }

    @Test func damagedFilesAreAsNone() throws {
        let folder = try TemporaryFolder()
        let url = try model(folder, "{}")
        let store = TunedSettingsStore(folder: folder.url, machine: "one")
        let file = try #require(store.file(of: url))
        for text in ["", "{", #"{"precision": "f8"}"#, #"{"precision": "f32", "threads": 0}"#] {
            try Data(text.utf8).write(to: file)
            #expect(store.settings(of: url) == nil, "\(text)")
        }
        try Data(#"{"precision": "f32", "threads": 2}"#.utf8).write(to: file)
        #expect(store.settings(of: url) == TunedSettings(threads: 2))
    }

    @Test func withoutAFolderNothingIsKept() throws {
        let folder = try TemporaryFolder()
        let store = TunedSettingsStore(folder: nil, machine: "one")
        #expect(throws: TuningError.noFolder) { try store.keep(settings, for: model(folder, "{}")) }
    }

    @Test func choicesOfTheCallerStay() {
        let own = CompileOptions(precision: .f16, threads: 1)
        let both = settings.applied(to: own, keepsThreads: true, keepsPrecision: true)
        #expect((both.threads, both.precision, both.properties["NUM_STREAMS"]) == (1, .f16, nil))
        let none = settings.applied(to: own, keepsThreads: false, keepsPrecision: false)
        #expect((none.threads, none.precision, none.properties["NUM_STREAMS"]) == (3, .bf16, "2"))
    }

    @Test func threadsToTry() {
        #expect(ModelTuner.threadCounts(cores: 8, limit: nil) == [8, 7, 4])
        #expect(ModelTuner.threadCounts(cores: 8, limit: 2.5) == [8, 7, 4, 3, 2])
        #expect(ModelTuner.threadCounts(cores: 1, limit: 0.5) == [1])
    }

    @Test func tuningChoosesAmongItsTrials() async throws {
        let request = GenerationRequest(prompts: ["a cat"], width: 64, height: 64, numInferenceSteps: 1)
        let model = Goldens.url("Diffusion/pipeline/autoencoder-kl/model")
        var tried: [TunedSettings] = []
        let report = try await ModelTuner(model, request, repeats: 1).tune { tried.append($0) }
        #expect(report.trials.map(\.settings) == tried)
        #expect(tried.first == TunedSettings())
        #expect(report.trials.filter(\.isBest).map(\.settings) == [report.best])
        #expect(report.ratio <= 1)
        #expect(report.trials.allSatisfy { $0.seconds > 0 && ($0.decibels == nil) == ($0.settings.precision == .f32) })
    }
}
