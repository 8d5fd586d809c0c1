import TensorStore
import TestSupport
import Testing

@testable import Audio

@Suite struct LogMelSpectrogramTests {
    private let golden: SafetensorsCheckpoint

    init() throws { golden = try SafetensorsCheckpoint(path: Sound.path("features.safetensors")) }

    /// Compares the frames that the golden keeps, and each bin's mean over all frames.
    private func expectGolden(_ name: String, _ features: Tensor) throws {
        let indices: [Int64] = try golden.tensor(named: "\(name).indices").elements()
        let frames: [Float] = try golden.tensor(named: "\(name).frames").elements()
        let means: [Float] = try golden.tensor(named: "\(name).means").elements()
        let values: [Float] = try features.elements()
        let (bins, count) = (features.shape[0], features.shape[1])
        let kept = indices.flatMap { frame in (0..<bins).map { values[$0 * count + Int(frame)] } }
        let found = (0..<bins).map { bin in
            Float(values[bin * count..<(bin + 1) * count].reduce(0) { $0 + Double($1) } / Double(count))
        }
        #expect(indices.last == Int64(count - 1))
        expectDifference(kept, frames, below: 1e-4, "\(name), frames")
        expectDifference(found, means, below: 1e-5, "\(name), means")
    }

    private func expectDifference(_ found: [Float], _ reference: [Float], below limit: Float, _ name: String) {
        #expect(found.count == reference.count, "\(name)")
        let worst = zip(found, reference).map { abs($0 - $1) }.enumerated().max { $0.element < $1.element }
        #expect(worst?.element ?? .infinity <= limit, "\(name): element \(worst?.offset ?? -1)")
    }

    private func whole(_ bins: Int, _ sound: [Float]) throws -> Tensor {
        let features = try RecordingSpectrogram(LogMelSpectrogram(bins: bins), Recording(sound))
        return try features.window(0..<features.frames, length: features.frames)
    }

    private static let windows = [
        (80, "short", 27_277), (80, "one-sample", 1), (80, "full", 480_000), (80, "longer", 492_345), (128, "full", 480_000),
    ]

    /// Golden: transformers' `WhisperFeatureExtractor`.
    @Test(arguments: windows) func windowsEqualTransformers(bins: Int, name: String, count: Int) throws {
        let features = try LogMelSpectrogram(bins: bins).window(Sound.synthetic(count))
        #expect(features.shape == [bins, 3000])
        try expectGolden("window.\(bins).\(name)", features)
    }

    /// Golden: `whisper.audio.log_mel_spectrogram` with padding.
    @Test(arguments: [(80, "short", 27_277), (80, "long", 592_005), (128, "long", 592_005)])
    func wholeSoundsEqualOpenAI(bins: Int, name: String, count: Int) throws {
        let features = try whole(bins, Sound.synthetic(count))
        #expect(features.shape == [bins, count / 160])
        try expectGolden("whole.\(bins).\(name)", features)
    }

    @Test func aWindowOfAWholeSoundKeepsTheWholesMaximum() throws {
        let spectrogram = try LogMelSpectrogram(bins: 80)
        let sound = Sound.synthetic(592_005)
        let all: [Float] = try whole(80, sound).elements()
        let features = try RecordingSpectrogram(spectrogram, Recording(sound))
        for start in [0, 1, 2, 700] {
            let window: [Float] = try features.window(start..<start + 3000).elements()
            for bin in 0..<80 {
                let first = bin * 3700 + start
                #expect(window[bin * 3000..<(bin + 1) * 3000] == all[first..<first + 3000], "from \(start)")
            }
        }
        // The loud part comes after the first window.
        let window: [Float] = try features.window(0..<3000).elements()
        let alone: [Float] = try spectrogram.window(sound).elements()
        #expect(try #require(alone.max()) == (try #require(alone.min())) + 2)
        #expect(try #require(window.min()) > (try #require(alone.min())) + 0.1)
    }

    @Test(arguments: [(0..<3000, 700), (0..<10, 10), (699..<3699, 1), (700..<3700, 0), (2..<2, 0)])
    func framesAfterTheEndAreZero(range: Range<Int>, kept: Int) throws {
        // No frame of noise has a feature of 0.
        var random = SplitMix64(state: 1)
        let sound = (0..<160 * 700).map { _ in Float.random(in: -0.5...0.5, using: &random) }
        let features = try RecordingSpectrogram(LogMelSpectrogram(bins: 80), Recording(sound))
        let window = try features.window(range)
        #expect(window.shape == [80, 3000])
        let values: [Float] = try window.elements()
        for bin in 0..<80 {
            let row = values[bin * 3000..<(bin + 1) * 3000]
            #expect(row.prefix(kept).allSatisfy { $0 != 0 } && row.dropFirst(kept).allSatisfy { $0 == 0 })
        }
    }

    @Test func silenceIsTheFloor() throws {
        let spectrogram = try LogMelSpectrogram(bins: 128)
        // log10 1e-10 is the maximum too: (−10 + 4) / 4.
        let silence: [Float] = try spectrogram.window([]).elements()
        #expect(silence.allSatisfy { $0 == -1.5 })
        #expect(try whole(128, []).shape == [128, 0])
        #expect(try whole(128, [Float](repeating: 0, count: 159)).shape == [128, 0])
        #expect(try whole(128, [Float](repeating: 0, count: 320)).shape == [128, 2])
    }

    /// Frames are computed in groups; none may depend on its place in one.
    @Test func aFrameDependsOnItsSamplesAlone() throws {
        var sound = Sound.synthetic(160 * 1500)
        // The largest value of both is here.
        for index in 120_000..<121_000 { sound[index] = index % 16 < 8 ? 0.9 : -0.9 }
        let original: [Float] = try whole(80, sound).elements()
        let shifted: [Float] = try whole(80, Array(sound.dropFirst(160 * 3))).elements()
        // But the first frames, which see the reflected beginning.
        let different = (0..<80).filter { bin in
            original[bin * 1500 + 5..<(bin + 1) * 1500] != shifted[bin * 1497 + 2..<(bin + 1) * 1497]
        }
        #expect(different == [])
    }

    @Test(arguments: [0, -1, 201, Int.max]) func otherNumbersOfBinsAreRefused(bins: Int) {
        #expect(throws: AudioError.bins(bins)) { try LogMelSpectrogram(bins: bins) }
    }
}
