import Foundation
import TensorStore
import TestSupport
import Testing

@testable import Audio

@Suite struct AudioReaderTests {
    private func read(_ name: String) throws -> [Float] { try AudioReader(path: Sound.path(name)).samples(limit: 10) }

    // MARK: Formats

    /// Lossless files are decoded to their samples; `SoundFile` gives them before resampling.
    @Test(arguments: [("pcm16.wav", 800, 1), ("pcm24.wav", 400, 1), ("float.wav", 200, 1), ("pcm8.wav", 800, 256)])
    func losslessFilesHaveTheirSamples(name: String, count: Int, step: Int) throws {
        let file = try SoundFile(InputFile(path: Sound.path(name)))
        #expect((file.rate, file.channels) == (8000, 1))
        var samples = [Float](repeating: 0, count: 1000)
        let read = try samples.withUnsafeMutableBufferPointer { try file.read(into: $0) }
        #expect(read == count)
        for (found, tone) in zip(samples, Sound.tone(count)) { #expect(abs(found * 32768 - Float(tone)) < Float(step)) }
    }

    @Test func channelsAreAveraged() throws {
        let reader = try AudioReader(path: Sound.path("stereo.flac"))
        #expect((reader.sourceRate, reader.sourceChannels, reader.format) == (8000, 2, .flac))
        let mean = zip(Sound.tone(800), Sound.secondTone(800)).map { Int16(($0 + $1) / 2) }
        let reference = try AudioReader(bytes: Sound.wav(mean, rate: 8000), name: "mean").samples(limit: 10)
        let found = try reader.samples(limit: 10)
        // The mean of two whole numbers may be half of one more.
        expectClose(found, reference, tolerance: 1e-4)
        let three = Sound.wav([300, -600, 3000, 30, 60, 90], rate: 16_000, channels: 3)
        #expect(try AudioReader(bytes: three, name: "three").samples(limit: 1) == [900, 60].map { Float($0) / 32768 })
    }

    /// A tone keeps its pitch, its level and its time.
    @Test(arguments: [8000, 11_025, 22_050, 44_100, 48_000, 96_000])
    func otherRatesAreResampled(rate: Int) throws {
        func tone(_ index: Int, _ rate: Int) -> Double { 0.5 * sin(2 * .pi * 440 * Double(index) / Double(rate)) }
        let source = (0..<rate).map { Int16((tone($0, rate) * 32767).rounded()) }
        let found = try AudioReader(bytes: Sound.wav(source, rate: rate), name: "tone").samples(limit: 10)
        #expect(found.count == 16_000)
        // The filter sees silence around the sound.
        for index in 1000..<15_000 { #expect(abs(Double(found[index]) - tone(index, 16_000)) < 1e-4) }
    }

    @Test(arguments: ["tone.ogg", "tone.opus", "tone.mp3"]) func lossyFilesSoundAlike(name: String) throws {
        let found = try read(name)
        #expect(found.count >= 1200)
        let reference = (Sound.tone(800) + Sound.tone(400)).map { Float($0) / 32768 }
        // Encoders may begin with a delay; the best match within it counts.
        let matches = (0...max(0, min(2400, found.count - reference.count))).map { delay in
            let difference = zip(found.dropFirst(delay), reference).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
            return (difference / reference.reduce(0) { $0 + Double($1 * $1) }).squareRoot()
        }
        #expect(try #require(matches.min()) < 0.2, "\(name)")
    }

    // MARK: Lengths

    @Test func aFileWithoutSamplesIsEmptySound() throws {
        let reader = try AudioReader(path: Sound.path("none.wav"))
        #expect(reader.declaredSeconds == 0)
        #expect(try reader.next() == nil)
        #expect(try reader.next() == nil)
        #expect(reader.missingSeconds == nil)
    }

    @Test func oneSampleIsOneSample() throws {
        #expect(try read("sample.wav") == [Float(Sound.tone(6)[5]) / 32768])
        #expect(try AudioReader(bytes: Sound.wav([1000], rate: 44_100), name: "a").samples(limit: 1).count <= 1)
        #expect(try AudioReader(bytes: Sound.wav([1000], rate: 8000), name: "a").samples(limit: 1).count == 2)
    }

    @Test func silenceIsZeros() throws {
        let bytes = Sound.wav([Int16](repeating: 0, count: 44_100), rate: 44_100)
        #expect(try AudioReader(bytes: bytes, name: "a").samples(limit: 1) == [Float](repeating: 0, count: 16_000))
    }

    /// An hour takes no more memory than a block. The file has a hole in place of its samples.
    @Test func anHourComesInBlocks() throws {
        let folder = try TemporaryFolder()
        let count = 3600 * 16_000
        let file = try folder.write("hour.wav", Sound.wavHeader(byteCount: count * 2, rate: 16_000))
        let handle = try FileHandle(forWritingTo: file)
        try handle.truncate(atOffset: UInt64(44 + count * 2))
        try handle.close()
        let reader = try AudioReader(path: file.path)
        #expect(reader.declaredSeconds == 3600)
        var (total, longest) = (0, 0)
        while let block = try reader.next() {
            total += block.count
            longest = max(longest, block.count)
        }
        #expect(total == count)
        #expect(longest <= 1 << 15)
        #expect(throws: AudioError.tooLong(file: file.path, limit: 3599)) {
            try AudioReader(path: file.path).samples(limit: 3599)
        }
    }

    @Test func theLimitHoldsForSoundThatDeclaresNoLength() throws {
        let pipe = Pipe()
        try pipe.fileHandleForWriting.write(contentsOf: [UInt8](repeating: 1, count: 32_002))
        try pipe.fileHandleForWriting.close()
        #expect(throws: AudioError.tooLong(file: "standard input", limit: 1)) {
            try AudioReader(pcm: pipe.fileHandleForReading).samples(limit: 1)
        }
    }

    // MARK: Cut and damaged files

    @Test(arguments: ["wav", "flac", "mp3"]) func cutFilesGiveWhatTheyHave(kind: String) throws {
        let bytes =
            try kind == "wav" ? Sound.wav([Int16](repeating: 500, count: 16_000), rate: 16_000) : Sound.bytes("second.\(kind)")
        let whole = try AudioReader(bytes: bytes, name: "whole")
        let all = try whole.samples(limit: 10)
        #expect(whole.missingSeconds == nil)
        let cut = try AudioReader(bytes: Array(bytes.prefix(bytes.count * 6 / 10)), name: "cut")
        let some = try cut.samples(limit: 10)
        #expect(some.count > all.count / 10 && some.count < all.count * 7 / 10)
        if kind != "wav" { #expect(try #require(cut.missingSeconds) > 0.2) }
    }

    @Test func samplesThatAreNoNumbersAreErrors() throws {
        var bytes = try Sound.bytes("float.wav")
        let position = bytes.count - 4 * 100
        bytes.replaceSubrange(position..<position + 4, with: [0, 0, 0xC0, 0x7F])
        #expect(throws: AudioError.notANumber(file: "a", seconds: 0.0125)) {
            try AudioReader(bytes: bytes, name: "a").samples(limit: 1)
        }
    }

    @Test func samplesBeyondOneAreCut() throws {
        var bytes = Sound.wavHeader(byteCount: 12, rate: 16_000)
        // Float samples of 32 bits.
        bytes[20] = 3
        bytes[32] = 4
        bytes[34] = 32
        for sample: Float in [2.5, -7, 0.25] { withUnsafeBytes(of: sample.bitPattern.littleEndian) { bytes += $0 } }
        #expect(try AudioReader(bytes: bytes, name: "a").samples(limit: 1) == [1, -1, 0.25])
    }

    @Test(arguments: [1, 999, 768_001, 2_000_000_000]) func ratesThatNoSoundHasAreRefused(rate: Int) throws {
        #expect(throws: AudioError.sampleRate(file: "a", rate)) {
            try AudioReader(bytes: Sound.wav([1, 2], rate: rate), name: "a")
        }
        #expect(throws: AudioError.sampleRate(file: "standard input", rate)) {
            try AudioReader(pcm: Pipe().fileHandleForReading, rate: rate)
        }
    }

    // MARK: Other files

    @Test func otherFilesAreNamed() throws {
        let lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 352078\n"
        let cases: [([UInt8], FileKind)] = [
            ([], .empty), ([0, 0, 0, 0, 0, 0, 0, 0], .zeros), (Array("Hello, world".utf8), .text("Hello, world")),
            (Array(lfs.utf8), .lfsPointer(byteCount: 352_078)), (Array("<!DOCTYPE html><p>".utf8), .webPage),
            (Array("{\"a\": 1}".utf8), .json), ([0x89] + Array("PNG\r\n\u{1A}\n".utf8), .picture("PNG")),
            // A playlist, which names other files.
            (Array("#EXTM3U\n/etc/passwd\n".utf8), .text("#EXTM3U")),
        ]
        for (bytes, kind) in cases {
            #expect(throws: AudioError.notSound(file: "talk.wav", found: kind)) {
                try AudioReader(bytes: bytes, name: "talk.wav")
            }
        }
    }

    @Test func pathsThatCannotBeReadAreNamed() throws {
        let folder = try TemporaryFolder()
        #expect(throws: AudioError.missing(file: folder.path + "/none.wav")) { try AudioReader(path: folder.path + "/none.wav") }
        #expect(throws: AudioError.cannotRead(file: folder.path, errno: EISDIR)) { try AudioReader(path: folder.path) }
        #expect(throws: AudioError.cannotRead(file: "a\0b", errno: EINVAL)) { try AudioReader(path: "a\0b") }
        #expect(throws: AudioError.notSound(file: "/dev/null", found: .empty)) { try AudioReader(path: "/dev/null") }
        #expect(throws: AudioError.notSound(file: "/dev/zero", found: .zeros)) { try AudioReader(path: "/dev/zero") }
    }

    @Test func aPipeIsReadLikeAFile() throws {
        let pipe = Pipe()
        try pipe.fileHandleForWriting.write(contentsOf: try Sound.bytes("tone.mp3"))
        try pipe.fileHandleForWriting.close()
        let path = "/proc/self/fd/\(pipe.fileHandleForReading.fileDescriptor)"
        #expect(try AudioReader(path: path).samples(limit: 1) == read("tone.mp3"))
    }

    @Test func messagesSayWhatToDo() throws {
        for (error, text) in [
            (AudioError.ffmpegMissing(file: "a.m4a", .mp4), "./glint setup --audio"),
            (.notSound(file: "a", found: .lfsPointer(byteCount: 7)), "git lfs pull"),
            (.notSound(file: "a", found: .picture("PNG")), "'a' is a picture (PNG), not sound"),
            (.notSound(file: "a", found: .unknown([1, 2])), "begins with 01 02"),
            (.halfSample(file: "a"), "16 bits"), (.sampleRate(file: "a", 3), "1000 to 768000"),
        ] { #expect(error.description.contains(text), "\(error)") }
    }
}
