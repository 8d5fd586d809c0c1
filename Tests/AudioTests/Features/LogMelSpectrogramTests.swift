import Audio
import TensorStore
import TestSupport
import Testing

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
        let features = try LogMelSpectrogram(bins: bins)(Sound.synthetic(count))
        #expect(features.shape == [bins, count / 160])
        try expectGolden("whole.\(bins).\(name)", features)
    }

    @Test func aWindowOfAWholeSoundKeepsTheWholesMaximum() throws {
        let spectrogram = try LogMelSpectrogram(bins: 80)
        let sound = Sound.synthetic(592_005)
        let whole = spectrogram(sound)
        let all: [Float] = try whole.elements()
        let window: [Float] = try spectrogram.window(of: whole, from: 0).elements()
        for bin in 0..<80 { #expect(window[bin * 3000..<(bin + 1) * 3000] == all[bin * 3700..<bin * 3700 + 3000]) }
        // The loud part comes after the first window.
        let alone: [Float] = try spectrogram.window(sound).elements()
        #expect(try #require(alone.max()) == (try #require(alone.min())) + 2)
        #expect(try #require(window.min()) > (try #require(alone.min())) + 0.1)
    }

    @Test(arguments: [
        (3000, 3000, 700), (3000, 10, 10), (3699, 3000, 1), (3700, 3000, 0), (9999, 3000, 0), (-5, 2, 2), (0, -1, 0),
    ])
    func framesAfterTheEndAreZero(start: Int, count: Int, kept: Int) throws {
        let spectrogram = try LogMelSpectrogram(bins: 80)
        let ones = try Tensor([Float](repeating: 1, count: 80 * 3700), shape: [80, 3700])
        let window = try spectrogram.window(of: ones, from: start, count: count)
        #expect(window.shape == [80, 3000])
        let row = [Float](repeating: 1, count: kept) + [Float](repeating: 0, count: 3000 - kept)
        #expect(try window.elements() == (0..<80).flatMap { _ in row })
    }

    @Test func silenceIsTheFloor() throws {
        let spectrogram = try LogMelSpectrogram(bins: 128)
        // log10 1e-10 is the maximum too: (−10 + 4) / 4.
        let silence: [Float] = try spectrogram.window([]).elements()
        #expect(silence.allSatisfy { $0 == -1.5 })
        #expect(spectrogram([]).shape == [128, 0])
        #expect(spectrogram([Float](repeating: 0, count: 159)).shape == [128, 0])
        #expect(spectrogram([Float](repeating: 0, count: 320)).shape == [128, 2])
    }

    /// Frames are computed in groups; none may depend on its place in one.
    @Test func aFrameDependsOnItsSamplesAlone() throws {
        let spectrogram = try LogMelSpectrogram(bins: 80)
        var sound = Sound.synthetic(160 * 1500)
        // The largest value of both is here.
        for index in 120_000..<121_000 { sound[index] = index % 16 < 8 ? 0.9 : -0.9 }
        let whole: [Float] = try spectrogram(sound).elements()
        let shifted: [Float] = try spectrogram(Array(sound.dropFirst(160 * 3))).elements()
        // But the first frames, which see the reflected beginning.
        let different = (0..<80).filter { bin in
            whole[bin * 1500 + 5..<(bin + 1) * 1500] != shifted[bin * 1497 + 2..<(bin + 1) * 1497]
        }
        #expect(different == [])
    }

    @Test(arguments: [0, -1, 201, Int.max]) func otherNumbersOfBinsAreRefused(bins: Int) {
        #expect(throws: AudioError.bins(bins)) { try LogMelSpectrogram(bins: bins) }
    }

    @Test func featuresOfOtherShapesAreRefused() throws {
        let spectrogram = try LogMelSpectrogram(bins: 80)
        #expect(throws: AudioError.features(expectedBins: 80, found: [128, 4], .f32)) {
            try spectrogram.window(of: Tensor(zeros: [128, 4]), from: 0)
        }
        #expect(throws: AudioError.features(expectedBins: 80, found: [80], .f32)) {
            try spectrogram.window(of: Tensor(zeros: [80]), from: 0)
        }
        #expect(throws: AudioError.features(expectedBins: 80, found: [80, 4], .f16)) {
            try spectrogram.window(of: Tensor(zeros: [80, 4], of: .f16), from: 0)
        }
    }
}
