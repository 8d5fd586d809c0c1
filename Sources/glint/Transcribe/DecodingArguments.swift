import ArgumentParser
import Speech

/// The choice of tokens.
struct DecodingArguments: ParsableArguments {
    @Option(help: "The number of texts that are followed side by side; 1 takes the most probable token each time.")
    var beamSize = 5
    @Option(help: "Complete texts that end the search, as a factor of --beam-size.") var patience = 1.0
    @Option(parsing: .unconditional, help: "The power of its length by which a text's log probability is divided.")
    var lengthPenalty = 1.0
    @Option(
        help: ArgumentHelp(
            "Temperatures that are tried in turn until a text is good enough, 0 to 1. (default: 0,0.2,0.4,0.6,0.8,1)",
            valueName: "t,t,…"))
    var temperature: [NumberList] = []
    @Option(help: "The number of texts that are drawn at random at a temperature above 0.") var bestOf = 5
    @Option(help: "The compression ratio above which a text repeats itself too much.") var compressionRatioThreshold = 2.4
    @Option(parsing: .unconditional, help: "The mean log probability below which a text is not good enough.")
    var logprobThreshold = -1.0
    @Option(help: "The probability of no speech above which an improbable text is left out.") var noSpeechThreshold = 0.6
    @Option(help: "The latest first timestamp of a window in seconds.") var maxInitialTimestamp = 1.0
    @Option(help: "The seed of texts that are drawn at random.") var seed: UInt64 = 0

    func validate() throws {
        try check("--beam-size", beamSize, 1...64)
        try check("--best-of", bestOf, 1...64)
        try check("--patience", patience, 0.01...64)
        try check("--length-penalty", lengthPenalty, -10...10)
        for value in temperature.flatMap(\.values) { try check("--temperature", value, 0...1) }
        try check("--compression-ratio-threshold", compressionRatioThreshold, 0...1000)
        try check("--logprob-threshold", logprobThreshold, -1000...0)
        try check("--no-speech-threshold", noSpeechThreshold, 0...1)
        try check("--max-initial-timestamp", maxInitialTimestamp, 0...30)
    }

    func apply(to options: inout DecodingOptions) {
        (options.beamSize, options.patience, options.lengthPenalty) = (beamSize, patience, lengthPenalty)
        if !temperature.isEmpty { options.temperatures = temperature.flatMap(\.values) }
        options.bestOf = bestOf
        options.compressionRatioThreshold = compressionRatioThreshold
        options.logProbabilityThreshold = logprobThreshold
        options.noSpeechThreshold = noSpeechThreshold
        options.maxInitialTimestamp = maxInitialTimestamp
        options.seed = seed
    }
}

/// - Throws: an error that names the range, for a value outside it or no number.
func check<Value: Comparable>(_ option: String, _ value: Value, _ range: ClosedRange<Value>) throws {
    guard range.contains(value) else {
        throw ValidationError("\(option) must be from \(range.lowerBound) to \(range.upperBound); it is \(value).")
    }
}

/// Numbers with commas between them.
struct NumberList: ExpressibleByArgument {
    let values: [Double]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        values = parts.compactMap { Double($0) }.filter(\.isFinite)
        guard values.count == parts.count else { return nil }
    }
}
