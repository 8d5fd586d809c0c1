import Foundation
import TestSupport
import Testing

@testable import Audio

@Suite struct RecordingTests {
    private let sound = (0..<50_000).map { Float($0 % 20_001 - 10_000) / 32768 }

    private func reader() throws -> AudioReader {
        try AudioReader(bytes: Sound.wav(sound.map { Int16($0 * 32768) }, rate: 16_000), name: "a")
    }

    /// Sound in memory, in a file, and in parts of both.
    private func recordings() throws -> [Recording] {
        [Recording(sound), try Recording(reader(), limit: 10), try Recording(reader(), limit: 10, inMemory: 1000)]
    }

    @Test func samplesAreTheSameInMemoryAndInAFile() throws {
        for recording in try recordings() {
            #expect(recording.count == 50_000)
            #expect(recording.duration == 3.125)
            for range in [0..<50_000, 0..<0, 50_000..<50_000, 49_999..<50_000, 33_000..<34_000] {
                #expect(try recording.samples(range) == Array(sound[range]))
            }
        }
    }

    @Test func excerptsAreParts() throws {
        let ranges = [100..<200, 200..<200, 40_000..<50_000, 0..<5]
        let expected = ranges.flatMap { sound[$0] }
        for recording in try recordings() {
            let excerpt = recording.excerpt(ranges)
            #expect(excerpt.count == 10_105)
            #expect(try excerpt.samples(0..<excerpt.count) == expected)
            #expect(try excerpt.samples(50..<150) == Array(expected[50..<150]))
            #expect(try excerpt.samples(10_099..<10_105) == Array(expected[10_099...]))
            #expect(try excerpt.excerpt([90..<110, 0..<1]).samples(0..<21) == Array(expected[90..<110]) + [expected[0]])
            #expect(try recording.excerpt([]).samples(0..<0) == [])
        }
    }

    @Test func theLimitHolds() throws {
        #expect(throws: AudioError.tooLong(file: "a", limit: 3)) { try Recording(reader(), limit: 3, inMemory: 1000) }
    }

    @Test func readingEndsWithTheTask() async throws {
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try Recording(reader(), limit: 10)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
