import Architectures
public import Audio
public import Inference
public import ModelLoading
import TensorStore
public import Tokenizers

/// Whisper: words from speech.
///
/// Not `Sendable`: one task at a time uses it.
public final class WhisperPipeline {
    public let tokenizer: WhisperTokenizer
    private let config: WhisperConfig
    private let networks: any WhisperNetworks
    private let spectrogram: LogMelSpectrogram
    private let vocabulary: DecodingVocabulary

    /// Quieter samples are silence: −80 dB of full scale, a few steps of 16 bits.
    private static let leastAmplitude: Float = 1e-4

    /// The language, the task, and the way in which windows are decoded.
    public struct Request: Sendable, Hashable {
        /// nil detects it in the first window.
        public var language: WhisperLanguage?
        public var task = WhisperTokenizer.Task.transcribe
        public var decoding = DecodingOptions()

        public init() {}
    }

    /// Compiles the networks.
    /// - Throws: `ArchitectureError` where the checkpoint does not fit the config; `AudioError` for a number of mel bins that no
    ///   model has; `SpeechError.vocabulary`, `.positions`; `GraphError`, `OpenVINOError`.
    public convenience init(_ model: SpeechModel, _ options: CompileOptions = CompileOptions()) throws {
        try self.init(model, options, observe: nil)
    }

    /// - Parameter observe: receives the outputs of the networks, for calibration.
    init(_ model: SpeechModel, _ options: CompileOptions, observe: WhisperCalibration.Observer?) throws {
        tokenizer = model.tokenizer
        config = model.encoder.architecture.config
        guard config.vocabSize > Int(tokenizer.special.timestampBegin) else {
            throw SpeechError.vocabulary(model: config.vocabSize, tokenizer: tokenizer.special.vocabularyCount)
        }
        guard 2 * config.maxSourcePositions == LogMelSpectrogram.windowFrames else {
            throw SpeechError.positions(config.maxSourcePositions, expected: LogMelSpectrogram.windowFrames / 2)
        }
        vocabulary = DecodingVocabulary(tokenizer)
        spectrogram = try LogMelSpectrogram(bins: config.numMelBins)
        networks =
            if let exported = model.exportedDecoder {
                try ExportedNetworks(model, exported, options)
            } else {
                try BuiltNetworks(model, options, observe: observe)
            }
    }

    /// Transcribes sound.
    /// - Parameters:
    ///   - detected: receives the language, where the request has none.
    ///   - emit: receives each segment as soon as it is decoded.
    ///   - progress: receives the seconds that are done.
    /// - Throws: `SpeechError`; `AudioError`; `CancellationError` between tokens; `OpenVINOError`; the errors of `emit`.
    public func transcribe(
        _ recording: Recording, _ request: Request = Request(),
        detected: (WhisperLanguage, _ probability: Double) -> Void = { _, _ in }, emit: (Segment) throws -> Void,
        progress: (Double) -> Void = { _ in }
    ) async throws {
        let features = try RecordingSpectrogram(spectrogram, recording)
        let frames = features.frames
        // The language is detected in the first window, which is then transcribed.
        var last: (range: Range<Int>, sound: [String: Tensor])?
        func window(_ range: Range<Int>) async throws -> any TokenSource {
            if let last, last.range == range { return try networks.tokens(over: last.sound) }
            let window: [Float] = try features.window(range).elements()
            let sound = try await networks.encode(
                Tensor(window, shape: [1, config.numMelBins, LogMelSpectrogram.windowFrames]))
            last = (range, sound)
            return try networks.tokens(over: sound)
        }
        var language = request.language
        if tokenizer.isMultilingual, language == nil, frames > 0 {
            let first = try await window(0..<min(frames, LogMelSpectrogram.windowFrames))
            if let found = try await LanguageDetection(tokenizer: tokenizer).probabilities(first).first {
                language = found.language
                detected(found.language, found.probability)
            }
        }
        let transcription = SequentialTranscription(
            tokenizer: tokenizer, vocabulary: vocabulary,
            startSequence: try tokenizer.startSequence(language: language, task: request.task),
            length: config.maxTargetPositions, options: request.decoding)
        func isSilent(_ frames: Range<Int>) throws -> Bool {
            let hop = LogMelSpectrogram.hop
            let samples = try recording.samples(frames.lowerBound * hop..<frames.upperBound * hop)
            return samples.allSatisfy { abs($0) < Self.leastAmplitude }
        }
        try await transcription.run(frames: frames, isSilent: isSilent, window: window, emit: emit) {
            progress(Double($0) * SequentialTranscription.secondsPerFrame)
        }
    }
}
