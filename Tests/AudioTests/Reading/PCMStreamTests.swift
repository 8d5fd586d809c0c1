import Audio
import Foundation
import Testing

@Suite struct PCMStreamTests {
    private func reader(rate: Int = 16_000, _ writes: [[UInt8]]) throws -> AudioReader {
        let pipe = Pipe()
        for bytes in writes { try pipe.fileHandleForWriting.write(contentsOf: bytes) }
        try pipe.fileHandleForWriting.close()
        return try AudioReader(pcm: pipe.fileHandleForReading, rate: rate)
    }

    @Test func samplesAreLittleEndian() throws {
        let samples = try reader([[0, 0, 1, 0, 0xFF, 0xFF, 0xFF, 0x7F, 0, 0x80, 0, 0x40]]).samples(limit: 1)
        #expect(samples.map { $0 * 32768 } == [0, 1, -1, 32767, -32768, 16384] as [Float])
    }

    /// Sound that is still spoken is given at once, also where a read ends within a sample.
    @Test func whatHasArrivedIsGivenAtOnce() throws {
        let pipe = Pipe()
        let reader = try AudioReader(pcm: pipe.fileHandleForReading)
        try pipe.fileHandleForWriting.write(contentsOf: [0, 0x40, 0])
        #expect(try reader.next() == [0.5])
        try pipe.fileHandleForWriting.write(contentsOf: [0x20])
        #expect(try reader.next() == [0.25])
        try pipe.fileHandleForWriting.close()
        #expect(try reader.next() == nil)
    }

    @Test func otherRatesAreResampled() throws {
        let bytes = [UInt8](repeating: 0, count: 2 * 4410)
        #expect(try reader(rate: 44_100, [bytes]).samples(limit: 1).count == 1600)
    }

    @Test func halfASampleAtTheEndIsAnError() throws {
        let reader = try reader([[0, 0x40, 7]])
        #expect(try reader.next() == [0.5])
        #expect(throws: AudioError.halfSample(file: "standard input")) { try reader.next() }
    }
}
