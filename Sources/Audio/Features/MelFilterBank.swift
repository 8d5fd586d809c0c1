import Foundation

/// Triangular filters on Slaney's mel scale, each of unit area: librosa's `filters.mel` and transformers' `mel_filter_bank` with
/// `norm="slaney"` and `mel_scale="slaney"`.
struct MelFilterBank {
    /// A filter's weights at neighbouring frequencies of the transform; all others are 0.
    struct Row {
        /// The index of the first weight's frequency.
        var first: Int
        var weights: [Float]
    }

    /// The filters, lowest first.
    let rows: [Row]

    /// - Parameter frequencies: of the transform, in 0...`sampleRate` / 2, evenly spaced.
    init(bins: Int, frequencies: Int, sampleRate: Int) {
        let highest = Double(sampleRate) / 2
        let top = Self.mel(of: highest)
        let edges = (0..<bins + 2).map { Self.hertz(of: top * Double($0) / Double(bins + 1)) }
        rows = (0..<bins).map { bin in
            let (low, middle, high) = (edges[bin], edges[bin + 1], edges[bin + 2])
            let weights = (0..<frequencies).map { index in
                let frequency = highest * Double(index) / Double(frequencies - 1)
                let rise = (frequency - low) / (middle - low)
                let fall = (high - frequency) / (high - middle)
                return Float(max(0, min(rise, fall)) * 2 / (high - low))
            }
            guard let first = weights.firstIndex(where: { $0 > 0 }), let last = weights.lastIndex(where: { $0 > 0 }) else {
                return Row(first: 0, weights: [])
            }
            return Row(first: first, weights: Array(weights[first...last]))
        }
    }

    // The scale is linear to 1 kHz, where it has 15 mels, and logarithmic above: 27 mels to 6.4 times the frequency.

    private static func mel(of hertz: Double) -> Double {
        hertz < 1000 ? hertz * 3 / 200 : 15 + log(hertz / 1000) * 27 / log(6.4)
    }

    private static func hertz(of mel: Double) -> Double {
        mel < 15 ? mel * 200 / 3 : 1000 * exp((mel - 15) * log(6.4) / 27)
    }
}
