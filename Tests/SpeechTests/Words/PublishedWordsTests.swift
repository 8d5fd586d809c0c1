import Architectures
import Audio
import Foundation
import ModelLoading
import TensorStore
import TestSupport
import Testing

@testable import Speech

/// The published weights over real recordings, beside faster-whisper's words in f32.
@Suite(
    .serialized,
    .enabled(
        if: Real.model != nil && Real.recording != nil,
        "set GLINT_TEST_MODELS to a folder with tiny.en and base; recordings are beside the project in shared/audio"))
struct PublishedWordsTests {
    /// The heads of OpenAI's `_ALIGNMENT_HEADS`, from the config that CTranslate2 writes.
    @Test func alignmentHeads() throws {
        let heads = try SpeechModel(#require(Real.model)).alignmentHeads
        #expect(heads.map { [$0.layer, $0.head] } == [[1, 0], [2, 0], [2, 5], [3, 0], [3, 1], [3, 2], [3, 3], [3, 4]])
    }

    @Test func areFasterWhispers() async throws {
        let models = try #require(OptionalMaterial.models.folder)
        var pipelines: [String: WhisperPipeline] = [:]
        for golden in try WordGoldens.cases("published") {
            let (model, file) = try (#require(golden["model"]?.string), #require(golden["recording"]?.string))
            let folder = models.appending(path: model)
            guard FileManager.default.fileExists(atPath: folder.path) else { continue }
            let pipeline = try pipelines[model] ?? WhisperPipeline(SpeechModel(folder))
            pipelines[model] = pipeline
            let path = Goldens.repository.appending(path: "../shared/audio/\(file)").path
            guard let recording = try? Recording(AudioReader(path: path), limit: 100) else { continue }
            var request = WhisperPipeline.Request()
            request.decoding.beamSize = try #require(golden["beams"]?.int)
            request.decoding.wordTimestamps = true
            var words: [Word] = []
            try await pipeline.transcribe(recording, request) { segment in
                let own = try #require(segment.words)
                #expect(own.map(\.text).joined() == segment.text)
                words += own
            }
            let name = "\(model), \(file), \(request.decoding.beamSize) beams"
            #expect(words.map(\.start) == words.map(\.start).sorted() && words.allSatisfy { $0.start <= $0.end }, "\(name)")
            #expect(zip(words, words.dropFirst()).allSatisfy { $0.end <= $1.start }, "\(name)")
            #expect((words.last?.end ?? 0) <= Double(recording.count) / 16000, "\(name)")
            try compare(words, WordGoldens.words(golden["words"]), name)
        }
    }

    /// Words that both have, in their order: the median difference of times is at most one position of the encoder, and that of
    /// probabilities 0.01.
    private func compare(_ found: [Word], _ expected: [Word], _ name: String) throws {
        let difference = found.map(\.text).difference(from: expected.map(\.text))
        let (inserted, removed) = (Set(difference.insertions.map(\.offset)), Set(difference.removals.map(\.offset)))
        let pairs = zip(
            found.indices.filter { !inserted.contains($0) }, expected.indices.filter { !removed.contains($0) })
        let common = pairs.map { (found[$0], expected[$1]) }
        #expect(common.count * 20 >= expected.count * 19, "\(name): \(found.map(\.text)), \(expected.map(\.text))")
        if found.map(\.text).joined() == expected.map(\.text).joined() { #expect(difference.isEmpty, "\(name)") }
        let distances = common.flatMap { [abs($0.start - $1.start), abs($0.end - $1.end)] }.sorted()
        let probabilities = common.map { abs($0.probability - $1.probability) }.sorted()
        #expect(
            distances[distances.count / 2] < 0.03 && distances.count { $0 > 0.1 } * 20 < distances.count, "\(name): \(distances)")
        #expect(probabilities[probabilities.count / 2] < 0.01, "\(name): \(probabilities)")
    }
}

extension CollectionDifference.Change {
    fileprivate var offset: Int {
        switch self {
        case .insert(let offset, _, _), .remove(let offset, _, _): offset
        }
    }
}
