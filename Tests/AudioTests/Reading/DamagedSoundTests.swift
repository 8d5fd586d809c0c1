import TestSupport
import Testing

@testable import Audio

/// Files with wrong bytes end in an error or in sound, and never trap.
@Suite struct DamagedSoundTests {
    private static let files = ["pcm16.wav", "pcm24.wav", "float.wav", "stereo.flac", "tone.ogg", "tone.opus", "tone.mp3"]

    /// 1 for an error of opening. Without ffmpeg, which would be started for each file of an unknown kind.
    private func outcome(of bytes: [UInt8]) throws -> Int {
        let input = try InputFile(bytes: bytes, name: "damaged")
        guard input.format != nil, let file = try? SoundFile(input) else { return 1 }
        do {
            let reader = try AudioReader(file, name: "damaged", format: input.format)
            while let block = try reader.next() { #expect(block.allSatisfy { abs($0) <= 1 }) }
            #expect(reader.missingSeconds ?? 1 > 0)
            return 0
        } catch {
            #expect(!error.description.isEmpty)
            return 1
        }
    }

    /// Damage of headers mostly, some of it with notable numbers.
    @Test(arguments: files) func damagedBytesDoNotTrap(name: String) throws {
        let bytes = try Sound.bytes(name)
        var generator = SplitMix64(state: 5)
        var errors = 0
        for _ in 0..<600 {
            var damaged = bytes
            let end = Bool.random(using: &generator) ? min(bytes.count, 64) : bytes.count
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let position = Int.random(in: 0..<end, using: &generator)
                let values: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &generator)]
                let value = values.randomElement(using: &generator) ?? 0
                for index in position..<min(position + Int.random(in: 1...4, using: &generator), bytes.count) {
                    damaged[index] = value
                }
            }
            errors += try outcome(of: damaged)
        }
        #expect(errors > 20)
    }

    @Test(arguments: files) func cutFilesDoNotTrap(name: String) throws {
        let bytes = try Sound.bytes(name)
        for count in stride(from: 0, to: bytes.count, by: 7) { _ = try outcome(of: Array(bytes.prefix(count))) }
    }

    @Test(arguments: [
        "RIFF\0\0\0\0WAVEfmt ", "fLaC\0\0\0\u{22}", "OggS\0\u{2}", "ID3\u{4}\0\0\0\0\0\0", "FORM\0\0\0\0AIFF", ".snd",
    ])
    func garbageBehindASignatureDoesNotTrap(signature: String) throws {
        var generator = SplitMix64(state: 3)
        for _ in 0..<100 {
            let garbage = (0..<300).map { _ in UInt8.random(in: 0...255, using: &generator) }
            _ = try outcome(of: Array(signature.utf8) + garbage)
        }
    }
}
