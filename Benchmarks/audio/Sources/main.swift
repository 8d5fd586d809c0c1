// Times the features of a window of 30 s, and the reading of sound files, on one core.
//
//     swift run -c release --package-path Benchmarks/audio AudioBenchmark [FILE ...]

import Audio

/// Milliseconds of the fastest and the median of some runs.
func milliseconds(runs: Int, _ body: () throws -> Void) rethrows -> (least: Double, median: Double) {
    let times = try (0..<runs).map { _ in try ContinuousClock().measure(body) / .milliseconds(1) }.sorted()
    return (times[0], times[runs / 2])
}

func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

var noise: UInt32 = 1
let window = (0..<LogMelSpectrogram.windowSamples).map { _ in
    noise = noise &* 1_664_525 &+ 1_013_904_223
    return Float(noise >> 16) / 32768 - 1
}
for bins in [80, 128] {
    let spectrogram = try LogMelSpectrogram(bins: bins)
    let time = milliseconds(runs: 50) { _ = spectrogram.window(window) }
    print("log-mel, \(bins) bins, 30 s: \(rounded(time.least)) ms, median \(rounded(time.median)) ms")
}
for file in CommandLine.arguments.dropFirst() {
    var count = 0
    let time = try milliseconds(runs: 5) { count = try Recording(AudioReader(path: file), limit: 86_400).count }
    print("\(file): \(rounded(Double(count) / 16_000)) s in \(rounded(time.least)) ms, median \(rounded(time.median)) ms")
}
