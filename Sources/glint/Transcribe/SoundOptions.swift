public import ArgumentParser
public import Speech

/// The parts of the sound that are transcribed, and how many side by side.
struct SoundOptions: ParsableArguments {
    @Option(
        help:
            "Transcribe this many chunks of 30 s at most side by side, of one recording or of several: faster, but each without the text before it. Only speech is transcribed, unless with --no-vad, where recordings are side by side as a whole."
    ) var batchSize: Int?
    @Flag(inversion: .prefixedNo, help: "Look for speech first, and leave silence out. (default: with --batch-size)")
    var vad: Bool?
    @Option(help: "The probability from which on sound is speech. (default: 0.5)") var vadThreshold: Double?
    @Option(help: "Milliseconds of the shortest speech that is kept. (default: 0)") var vadMinSpeech: Double?
    @Option(help: "Seconds of the longest part of speech, which is cut beyond. (default: none; 30 in batches)")
    var vadMaxSpeech: Double?
    @Option(help: "Milliseconds of silence that end a part of speech. (default: 2000; 160 in batches)")
    var vadMinSilence: Double?
    @Option(help: "Milliseconds that are added before and after each part of speech. (default: 400)") var vadPadding: Double?
    @Option(
        help: ArgumentHelp(
            "Transcribe these parts alone: start and end in seconds, in turn; the last end may be left out.", valueName: "s,e,…"))
    var clipTimestamps: NumberList?
    @Option(
        help: ArgumentHelp(
            "The sound that the encoder hears of each window: full (30 s), auto (the length of the sound, 10 s at least), or the length of the sound with another least number of seconds.",
            valueName: "full|auto|seconds"))
    var audioContext = AudioContext.full

    func validate() throws {
        if let batchSize { try check("--batch-size", batchSize, 1...64) }
        if let vadThreshold { try check("--vad-threshold", vadThreshold, 0.01...1) }
        if let vadMinSpeech { try check("--vad-min-speech", vadMinSpeech, 0...60_000) }
        if let vadMaxSpeech { try check("--vad-max-speech", vadMaxSpeech, 1...86_400) }
        if let vadMinSilence { try check("--vad-min-silence", vadMinSilence, 0...60_000) }
        if let vadPadding { try check("--vad-padding", vadPadding, 0...10_000) }
        let settings = [vadThreshold, vadMinSpeech, vadMaxSpeech, vadMinSilence, vadPadding]
        if !looksForSpeech, settings.contains(where: { $0 != nil }) {
            throw ValidationError("The options of voice activity need --vad.")
        }
        let (longest, padding) = (vadMaxSpeech ?? .infinity, (vadPadding ?? 400) / 1000)
        if longest < 2 * padding + 1 {
            throw ValidationError(
                "--vad-max-speech must be at least a second longer than what --vad-padding adds at both ends, \(2 * padding) s.")
        }
        if let times = clipTimestamps?.values {
            if vad == true { throw ValidationError("--clip-timestamps says which parts are heard; leave --vad out.") }
            for (time, next) in zip(times, times.dropFirst() + [.infinity]) where time < 0 || time >= next {
                throw ValidationError("--clip-timestamps must be seconds from 0 on that rise; \(time) does not.")
            }
        }
    }

    private var looksForSpeech: Bool { clipTimestamps == nil && vad ?? (batchSize != nil) }

    func apply(to request: inout WhisperPipeline.Request) {
        (request.batchSize, request.audioContext) = (batchSize, audioContext)
        request.clips = clipTimestamps.map { list in
            stride(from: 0, to: list.values.count, by: 2).map { index in
                .init(start: list.values[index], end: index + 1 < list.values.count ? list.values[index + 1] : nil)
            }
        }
        guard looksForSpeech else { return }
        var options = batchSize == nil ? VoiceActivityOptions() : .forBatches
        if let vadThreshold { options.threshold = Float(vadThreshold) }
        if let vadMinSpeech { options.minSpeech = vadMinSpeech / 1000 }
        if let vadMaxSpeech { options.maxSpeech = vadMaxSpeech }
        if let vadMinSilence { options.minSilence = vadMinSilence / 1000 }
        if let vadPadding { options.padding = vadPadding / 1000 }
        request.voiceActivity = options
    }
}

extension AudioContext: ExpressibleByArgument {
    public init?(argument: String) {
        switch argument {
        case "full": self = .full
        case "auto": self = .fitted()
        default:
            guard let seconds = Double(argument), (0.1...30).contains(seconds) else { return nil }
            self = .fitted(atLeast: seconds)
        }
    }

    public var defaultValueDescription: String { "full" }
}
