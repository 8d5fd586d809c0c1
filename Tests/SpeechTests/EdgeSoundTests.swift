import Audio
import Foundation
import TestSupport
import Testing

@testable import Speech

/// Files that are not plain speech, from their bytes to segments.
@Suite struct EdgeSoundTests {
    private let pipeline: WhisperPipeline

    init() throws { pipeline = try WhisperPipeline(WhisperPipelineTests.model()) }

    /// A random network: of any sound it says something, unless nothing asks it.
    private func segments(_ recording: Recording) async throws -> [Segment] {
        var request = WhisperPipeline.Request()
        (request.decoding.beamSize, request.decoding.timestamps) = (1, false)
        (request.decoding.temperatures, request.decoding.noSpeechThreshold) = ([0], nil)
        var (segments, done): ([Segment], Double) = ([], 0)
        try await pipeline.transcribe(recording, request) {
            segments.append($0)
        } progress: {
            done = $0
        }
        // Less than a frame is left.
        #expect(recording.duration - done < 0.011)
        for (segment, next) in zip(segments, segments.dropFirst()) { #expect(segment.end <= next.start) }
        #expect(segments.allSatisfy { 0 <= $0.start && $0.start <= $0.end && $0.end <= recording.duration })
        return segments
    }

    /// A file of 16 bits.
    private func wav(_ samples: [Int16], rate: Int, channels: Int = 1) throws -> Recording {
        func bytes(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        let size = samples.count * 2
        let format = bytes(1, 2) + bytes(channels, 2) + bytes(rate, 4) + bytes(rate * channels * 2, 4) + bytes(channels * 2, 2)
        let header =
            Array("RIFF".utf8) + bytes(36 + size, 4) + Array("WAVEfmt ".utf8) + bytes(16, 4) + format + bytes(16, 2)
            + Array("data".utf8) + bytes(size, 4)
        let reader = try AudioReader(bytes: header + samples.flatMap { bytes(Int($0), 2) }, name: "a.wav")
        return try Recording(reader, limit: 600)
    }

    private func noise(_ count: Int) -> [Int16] {
        var random = SplitMix(seed: 7)
        return (0..<count).map { _ in Int16.random(in: -9000...9000, using: &random) }
    }

    @Test func channelsThatCancelAreSilence() async throws {
        let both = noise(32_000).flatMap { sample -> [Int16] in [sample, -sample] }
        #expect(try await segments(wav(both, rate: 16_000, channels: 2)).isEmpty)
        let one = noise(32_000).flatMap { sample -> [Int16] in [sample, 0] }
        #expect(try await !segments(wav(one, rate: 16_000, channels: 2)).isEmpty)
    }

    @Test func longSilenceHasNoWords() async throws {
        let recording = Recording([Float](repeating: 0, count: 16_000 * 300))
        #expect(try await segments(recording).isEmpty)
    }

    @Test func telephoneSoundHasItsOwnTimes() async throws {
        let recording = try wav(noise(8000 * 3), rate: 8000)
        #expect(abs(recording.duration - 3) < 0.01)
        #expect(try await !segments(recording).isEmpty)
    }

    /// What a file that was cut still has is heard.
    @Test func anMP3ThatWasCut() async throws {
        let bytes = [UInt8](try Data(contentsOf: Goldens.url("Audio/second.mp3")))
        let whole = try Recording(AudioReader(bytes: bytes, name: "whole.mp3"), limit: 60)
        let cut = try Recording(AudioReader(bytes: Array(bytes.prefix(bytes.count / 2)), name: "cut.mp3"), limit: 60)
        #expect(cut.duration > 0.1 && cut.duration < whole.duration * 0.8)
        #expect(try await !segments(cut).isEmpty)
    }

    @Test(arguments: [0, 1]) func almostNoSamples(_ count: Int) async throws {
        #expect(try await segments(wav(noise(count), rate: 16_000)).isEmpty)
    }
}
