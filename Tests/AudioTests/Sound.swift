import Audio
import Foundation
import TensorStore
import TestSupport

/// Sound and files that the tests use.
enum Sound {
    /// The sound of `Tests/Goldens/Audio/make.py`: a rising triangle wave, noise that comes and goes, and silence, louder from
    /// 31 s on.
    static func synthetic(_ count: Int) -> [Float] {
        var phase: UInt32 = 0
        var noise: UInt32 = 1
        return (0..<count).map { index in
            noise = noise &* 1_664_525 &+ 1_013_904_223
            phase &+= 1 << 22 &+ 29 &* UInt32(index)
            let triangle = abs(Int(phase >> 16) - 1 << 15) - 1 << 14
            let part = index / 4000 % 8
            guard part != 5 else { return 0 }
            // Divisions round down.
            let wave = part < 4 ? triangle >> 4 : triangle >> 9
            let value = wave + (Int(noise >> 16) - 1 << 15) >> (part == 2 || part == 6 ? 6 : 13)
            return Float(index >= 31 * 16_000 ? value * 8 : value) / 32768
        }
    }

    static func path(_ name: String) -> String { Goldens.url("Audio/\(name)").path }
    static func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: Goldens.url("Audio/\(name)"))) }

    /// The first tone of the files, 440 Hz, in whole numbers of 16 bits at 8 kHz.
    static func tone(_ count: Int) -> [Int] { (0..<count).map { rounded(0.5 * sin(2 * .pi * 440 * Double($0) / 8000)) } }
    /// The second channel of `stereo.flac`, 1 kHz.
    static func secondTone(_ count: Int) -> [Int] {
        (0..<count).map { rounded(0.25 * sin(2 * .pi * 1000 * Double($0) / 8000)) }
    }

    private static func rounded(_ value: Double) -> Int { Int((value * 32767).rounded(.toNearestOrEven)) }

    /// A WAV file of 16 bits.
    static func wav(_ samples: [Int16], rate: Int, channels: Int = 1) -> [UInt8] {
        wavHeader(byteCount: samples.count * 2, rate: rate, channels: channels)
            + samples.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }

    static func wavHeader(byteCount: Int, rate: Int, channels: Int = 1) -> [UInt8] {
        func number(_ value: Int, _ bytes: Int) -> [UInt8] { (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        return Array("RIFF".utf8) + number(36 + byteCount, 4) + Array("WAVEfmt ".utf8) + number(16, 4) + number(1, 2)
            + number(channels, 2) + number(rate, 4) + number(rate * channels * 2, 4) + number(channels * 2, 2) + number(16, 2)
            + Array("data".utf8) + number(byteCount, 4)
    }
}

extension AudioReader {
    /// All samples that are left.
    func samples(limit: Double) throws -> [Float] {
        let recording = try Recording(self, limit: limit)
        return try recording.samples(0..<recording.count)
    }
}

/// A random number generator with a fixed seed.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
