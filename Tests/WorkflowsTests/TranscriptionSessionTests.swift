import Audio
import Foundation
import Speech
import TestSupport
import Testing
import Workflows

/// The published weights of tiny.en over OpenAI's example.
@Suite(
    .enabled(
        if: Real.model != nil && Real.recording != nil,
        "set GLINT_TEST_MODELS to a folder with tiny.en; jfk.wav is beside the project in shared/audio"))
struct TranscriptionSessionTests {
    private static let sentence =
        "and so my fellow americans ask not what your country can do for you ask what you can do for your country"

    private static func words(_ text: String) -> String {
        String(text.lowercased().filter { $0.isLetter || $0 == " " }.drop { $0 == " " })
    }

    private static var request: WhisperPipeline.Request {
        var request = WhisperPipeline.Request()
        request.decoding.beamSize = 1
        return request
    }

    private static func session() async throws -> TranscriptionSession {
        try TranscriptionSession(try await SpeechModelLocation().resolve(#require(Real.model)))
    }

    /// Two callers take turns, each with its own segments.
    @Test func segmentsOfTwoCallers() async throws {
        let (session, path) = (try await Self.session(), try #require(Real.recording))
        async let second = session.transcribe([path], Self.request).transcript
        var text = ""
        for try await segment in session.transcribe([path], Self.request).segments { text += segment.text }
        #expect(Self.words(text) == Self.sentence)
        #expect(Self.words(try await second.segments.map(\.text).joined()) == Self.sentence)
    }

    @Test func liveSoundHasTheSameWords() async throws {
        let session = try await Self.session()
        let recording = try Recording(AudioReader(path: #require(Real.recording)), limit: 60)
        let samples = AsyncThrowingStream<[Float], any Error> { continuation in
            for start in stride(from: 0, to: recording.count, by: 1600) {
                do {
                    continuation.yield(try recording.samples(start..<min(start + 1600, recording.count)))
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.finish()
        }
        var options = LiveOptions()
        options.keepsUp = false
        let task = session.listen(to: samples, Self.request, options)
        var settled = ""
        for try await event in task.events { if case .committed(let text) = event.event { settled += text.text } }
        #expect(Self.words(settled) == Self.sentence)
        #expect(try await task.transcript.segments.map(\.text).joined() == settled)
    }

    /// Of several recordings events come in their order, with an end each; in batches too.
    @Test(arguments: [nil, 2]) func severalRecordings(_ batchSize: Int?) async throws {
        let (session, path) = (try await Self.session(), try #require(Real.recording))
        var request = Self.request
        request.batchSize = batchSize
        let task = session.transcribe([path, path], request)
        var (texts, ends) = (["", ""], [Int]())
        for try await (index, event) in task.events {
            switch event {
            case .segment(let segment):
                #expect(index == ends.count)
                texts[index] += segment.text
            case .end(let transcript):
                #expect(transcript.text == texts[index])
                ends.append(index)
            default: break
            }
        }
        #expect(ends == [0, 1] && texts.allSatisfy { Self.words($0) == Self.sentence })
        #expect(try await task.transcripts.map(\.text) == texts)
    }

    /// Leaving the loop ends the work, and the next caller has its turn.
    @Test func leavingCancels() async throws {
        let (session, path) = (try await Self.session(), try #require(Real.recording))
        let task = session.transcribe([path], Self.request)
        let waiting = Task { for try await _ in task.events {} }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await task.transcript }
        #expect(try await !session.transcribe([path], Self.request).transcript.segments.isEmpty)
    }
}

private enum Real {
    static let model = OptionalMaterial.models.folder.map { $0.appending(path: "tiny.en").path }.flatMap {
        FileManager.default.fileExists(atPath: $0 + "/model.bin") ? $0 : nil
    }
    static let recording = { path in FileManager.default.fileExists(atPath: path) ? path : nil }(
        Goldens.repository.appending(path: "../shared/audio/jfk.wav").path)
}
