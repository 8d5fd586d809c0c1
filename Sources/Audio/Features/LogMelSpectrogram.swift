import CNumerics
import Foundation
public import TensorStore

/// The features that Whisper hears: log-mel spectrograms of sound at 16 kHz, 100 frames a second.
///
/// Frames of 400 samples, centred at every 160th, are weighted by a periodic Hann window; the sound is reflected at its
/// beginning. The squared magnitudes of their transforms pass through Slaney's mel filters; of the energies x follow
/// y = max(log10 x, m − 8) and (y + 4) / 4, where m is the largest log10 x. The scope of m is the difference between the
/// reference implementations: all frames of the sound (`callAsFunction`) or those of one window (`window`).
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

    /// Computes the frames of a whole sound: `[bins, samples / 160]` f32, normalized by their largest value. The frames equal
    /// those of OpenAI's `log_mel_spectrogram` with 30 s of padding, and faster-whisper's; those of the padding are left out.
    /// - Parameter samples: sound of any length at 16 kHz, −1…1.
    public func callAsFunction(_ samples: [Float]) -> Tensor {
        samples.withUnsafeBufferPointer { features(of: PaddedSound(samples: $0, length: .max), frames: $0.count / Self.hop) }
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

    /// Cuts a window out of a whole sound's features: `[bins, 3000]` f32. Frames after the last one, and after `count` of them,
    /// are 0 (OpenAI's `pad_or_trim`), which is not what silence has.
    /// - Parameters:
    ///   - features: `[bins, frames]` f32, of `callAsFunction`.
    ///   - start: the first frame; none are left where it is beyond the last.
    /// - Throws: `AudioError.features` for other shapes or types.
    public func window(of features: Tensor, from start: Int, count: Int = windowFrames) throws(AudioError) -> Tensor {
        guard features.elementType == .f32, features.shape.count == 2, features.shape[0] == bins else {
            throw .features(expectedBins: bins, found: features.shape, features.elementType)
        }
        let frames = features.shape[1]
        let start = min(max(start, 0), frames)
        let count = min(max(count, 0), frames - start, Self.windowFrames)
        var window = Self.zeros([bins, Self.windowFrames])
        features.withUnsafeBytes { source in
            window.withUnsafeMutableBytes { target in
                for bin in 0..<bins {
                    let row = source[((bin * frames + start) * 4)...].prefix(count * 4)
                    UnsafeMutableRawBufferPointer(rebasing: target[(bin * Self.windowFrames * 4)...]).copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: row))
                }
            }
        }
        return window
    }

    // MARK: Computation

    private func features(of sound: PaddedSound, frames: Int) -> Tensor {
        var features = Self.zeros([bins, frames])
        features.withUnsafeMutableBytes { bytes in
            let target = bytes.bindMemory(to: Float.self)
            computeLogarithms(of: sound, frames: frames, into: target)
            Self.normalize(target)
        }
        return features
    }

    /// Writes log10 of the energies, not below −10, as `[bins, frames]`.
    private func computeLogarithms(of sound: PaddedSound, frames: Int, into target: UnsafeMutableBufferPointer<Float>) {
        guard let target = target.baseAddress else { return }
        var part = [Float](repeating: 0, count: (Self.block - 1) * Self.hop + Self.frame)
        for start in stride(from: 0, to: frames, by: Self.block) {
            let count = min(Self.block, frames - start)
            sound.copy(from: start * Self.hop - Self.frame / 2, count: (count - 1) * Self.hop + Self.frame, into: &part)
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
                                cnumerics_log_mel(&mel, part, count, frames, target + start)
                            }
                        }
                    }
                }
            }
        }
    }

    private static func normalize(_ logarithms: UnsafeMutableBufferPointer<Float>) {
        let floor = logarithms.reduce(-.infinity, max) - 8
        for index in logarithms.indices { logarithms[index] = (max(logarithms[index], floor) + 4) / 4 }
    }

    private static func zeros(_ shape: Shape) -> Tensor {
        do { return try Tensor(zeros: shape) } catch { fatalError("The features of sound in memory fit in memory: \(error)") }
    }
}

/// Sound of `length` samples that begins with `samples` and goes on with zeros, reflected at both ends.
private struct PaddedSound {
    let samples: UnsafeBufferPointer<Float>
    let length: Int

    func copy(from start: Int, count: Int, into target: inout [Float]) {
        for index in 0..<count where !samples.indices.contains(start + index) { target[index] = sample(at: start + index) }
        let inside = samples.indices.clamped(to: start..<start + count)
        target.withUnsafeMutableBufferPointer { target in
            guard !inside.isEmpty else { return }
            _ = target[(inside.lowerBound - start)...].update(fromContentsOf: samples[inside])
        }
    }

    private func sample(at index: Int) -> Float {
        let place = index < 0 ? -index : index < length ? index : 2 * (length - 1) - index
        return samples.indices.contains(place) ? samples[place] : 0
    }
}
