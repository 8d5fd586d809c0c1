import CNumerics
import Foundation
public import TensorStore

/// The features that Whisper hears: log-mel spectrograms of sound at 16 kHz, 100 frames a second.
///
/// Frames of 400 samples, centred at every 160th, are weighted by a periodic Hann window; the sound is reflected at its
/// beginning. The squared magnitudes of their transforms pass through Slaney's mel filters; of the energies x follow
/// y = max(log10 x, m − 8) and (y + 4) / 4, where m is the largest log10 x. The scope of m is the difference between the
/// reference implementations: all frames of the sound (`RecordingSpectrogram`) or those of one window (`window`).
///
/// A value with the tables of one number of bins, to be made once. Its functions can be called from any thread.
public struct LogMelSpectrogram: Sendable {
    /// Samples a second of the sound.
    public static let sampleRate = 16_000
    /// Samples from one frame to the next.
    public static let hop = CNUMERICS_HOP
    /// Frames of a window, which lasts 30 s.
    public static let windowFrames = 3000
    /// Samples of a window.
    public static let windowSamples = windowFrames * hop

    private static let frame = CNUMERICS_FRAME
    /// Frames that are computed at a time.
    private static let block = 1024

    public let bins: Int
    private let hann: [Float]
    /// cos and sin in turn.
    private let circle: [Float]
    private let firsts: [UInt32]
    private let counts: [UInt32]
    private let weights: [Float]

    /// - Parameter bins: mel filters, 1 to 200. Whisper's models have 80, large-v3 and its descendants 128.
    /// - Throws: `AudioError.bins`.
    public init(bins: Int) throws(AudioError) {
        guard 1...200 ~= bins else { throw .bins(bins) }
        let angles = (0..<Self.frame).map { 2 * Double.pi * Double($0) / Double(Self.frame) }
        let filters = MelFilterBank(bins: bins, frequencies: Self.frame / 2 + 1, sampleRate: Self.sampleRate).rows
        self.bins = bins
        hann = angles.map { Float(0.5 - 0.5 * cos($0)) }
        circle = angles.flatMap { [Float(cos($0)), Float(sin($0))] }
        firsts = filters.map { UInt32($0.first) }
        counts = filters.map { UInt32($0.weights.count) }
        weights = filters.flatMap(\.weights)
    }

    /// Computes one window alone: `[bins, 3000]` f32, normalized by its own largest value, as transformers'
    /// `WhisperFeatureExtractor` does.
    /// - Parameter samples: sound at 16 kHz, −1…1. Beyond 30 s it is cut; shorter sound is followed by silence.
    public func window(_ samples: [Float]) -> Tensor {
        samples.withUnsafeBufferPointer { samples in
            let samples = UnsafeBufferPointer(rebasing: samples.prefix(Self.windowSamples))
            return features(of: PaddedSound(samples: samples, length: Self.windowSamples), frames: Self.windowFrames)
        }
    }

    // MARK: Computation

    private func features(of sound: PaddedSound, frames: Int) -> Tensor {
        var features = Self.zeros([bins, frames])
        features.withUnsafeMutableBytes { bytes in
            let target = bytes.bindMemory(to: Float.self)
            computeLogarithms(of: sound, 0..<frames, rowLength: frames, into: target)
            let largest = target.max() ?? 0
            for index in target.indices { target[index] = Self.normalized(target[index], largest: largest) }
        }
        return features
    }

    /// log10 of the energies of some frames of a recording, before they are normalized: `[bins, rowLength]`, zeros after them.
    func logarithms(of recording: Recording, _ range: Range<Int>, rowLength: Int) throws(AudioError) -> [Float] {
        let heard = (range.lowerBound * Self.hop - Self.frame / 2)..<(range.upperBound * Self.hop + Self.frame / 2)
        let within = heard.clamped(to: 0..<recording.count)
        let samples = try recording.samples(within)
        var rows = [Float](repeating: 0, count: bins * rowLength)
        samples.withUnsafeBufferPointer { samples in
            rows.withUnsafeMutableBufferPointer { rows in
                computeLogarithms(
                    of: PaddedSound(samples: samples, start: within.lowerBound, length: .max), range, rowLength: rowLength,
                    into: rows)
            }
        }
        return rows
    }

    /// The feature of a logarithm, where `largest` is the largest of them.
    static func normalized(_ logarithm: Float, largest: Float) -> Float { (max(logarithm, largest - 8) + 4) / 4 }

    /// Writes log10 of the energies of some frames, not below −10, as `[bins, rowLength]`.
    private func computeLogarithms(
        of sound: PaddedSound, _ range: Range<Int>, rowLength: Int, into target: UnsafeMutableBufferPointer<Float>
    ) {
        guard let target = target.baseAddress else { return }
        var part = [Float](repeating: 0, count: (Self.block - 1) * Self.hop + Self.frame)
        for start in stride(from: 0, to: range.count, by: Self.block) {
            let count = min(Self.block, range.count - start)
            sound.copy(
                from: (range.lowerBound + start) * Self.hop - Self.frame / 2, count: (count - 1) * Self.hop + Self.frame,
                into: &part)
            var mel = cnumerics_mel()
            hann.withUnsafeBufferPointer {
                mel.window = $0.baseAddress
                circle.withUnsafeBufferPointer {
                    mel.circle = $0.baseAddress
                    firsts.withUnsafeBufferPointer {
                        mel.firsts = $0.baseAddress
                        counts.withUnsafeBufferPointer {
                            mel.counts = $0.baseAddress
                            weights.withUnsafeBufferPointer {
                                mel.weights = $0.baseAddress
                                mel.bins = bins
                                cnumerics_log_mel(&mel, part, count, rowLength, target + start)
                            }
                        }
                    }
                }
            }
        }
    }

    private static func zeros(_ shape: Shape) -> Tensor {
        do { return try Tensor(zeros: shape) } catch { fatalError("The features of sound in memory fit in memory: \(error)") }
    }
}

/// Sound of `length` samples, reflected at both ends, of which `samples` are those from `start` on; those after them are zeros.
private struct PaddedSound {
    let samples: UnsafeBufferPointer<Float>
    var start = 0
    let length: Int

    func copy(from first: Int, count: Int, into target: inout [Float]) {
        let known = start..<start + samples.count
        for index in 0..<count where !known.contains(first + index) { target[index] = sample(at: first + index) }
        let inside = known.clamped(to: first..<first + count)
        target.withUnsafeMutableBufferPointer { target in
            guard !inside.isEmpty else { return }
            let source = samples[inside.lowerBound - start..<inside.upperBound - start]
            _ = target[(inside.lowerBound - first)...].update(fromContentsOf: source)
        }
    }

    private func sample(at index: Int) -> Float {
        let place = (index < 0 ? -index : index < length ? index : 2 * (length - 1) - index) - start
        return samples.indices.contains(place) ? samples[place] : 0
    }
}
