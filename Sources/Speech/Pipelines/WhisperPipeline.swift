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
    let config: WhisperConfig
    let networks: any WhisperNetworks
    let spectrogram: LogMelSpectrogram
    let vocabulary: DecodingVocabulary
    let options: CompileOptions
    /// Made when speech is looked for first.
    var activity: SpeechProbabilities?

    /// The use of the draft model so far.
    public var speculation: SpeculationStatistics { (networks as? SpeculativeNetworks)?.statistics ?? SpeculationStatistics() }

    /// Compiles the networks.
    /// - Parameter draft: a smaller model of the same vocabulary, which writes text ahead where the most probable token is taken
    ///   each time, of one window at a time; the text is the same as without.
    /// - Throws: `ArchitectureError` where the checkpoint does not fit the config; `AudioError` for a number of mel bins that no
    ///   model has; `SpeechError.vocabulary`, `.positions`, `.draft`, `.exported`; `GraphError`, `OpenVINOError`.
    public convenience init(
        _ model: SpeechModel, _ options: CompileOptions = CompileOptions(), draft: SpeechModel? = nil
    ) throws {
        try self.init(model, options, draft: draft, observe: nil)
    }

    /// - Parameter observe: receives the outputs of the networks, for calibration.
    init(
        _ model: SpeechModel, _ options: CompileOptions, draft: SpeechModel? = nil, observe: WhisperCalibration.Observer?
    ) throws {
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
        self.options = options
        let draft = try draft.map { try DraftModel($0, of: model, options) }
        if let exported = model.exportedDecoder {
            networks = try ExportedNetworks(model, exported, options)
        } else {
            let built = try BuiltNetworks(model, options, observe: observe)
            networks = if let draft { SpeculativeNetworks(built, draft: draft, vocabulary) } else { built }
        }
    }

    /// Transcribes a recording.
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
        try await transcribe(count: 1, request) { _ in
            recording
        } report: { _, event in
            switch event {
            case .language(let language, let probability): detected(language, probability)
            case .segment(let segment): try emit(segment)
            case .progress(let done): progress(done)
            case .end: break
            }
        }
    }

    /// Transcribes recordings, side by side where the request has a batch size.
    /// - Parameters:
    ///   - recording: opens the recording of an index, in order.
    ///   - report: receives what is known, in the order of the recordings.
    /// - Throws: as for one recording; the errors of `recording` and `report`.
    public func transcribe(
        count: Int, _ request: Request, recording: (Int) async throws -> Recording, report: (Int, Event) throws -> Void
    ) async throws {
        var queue = ChunkQueue(limit: networks.takesAllSizes ? request.batchSize ?? 1 : 1)
        var opened = 0
        while true {
            while queue.hasRoom, opened < count {
                queue.append(try await chunks(of: recording(opened), opened, request))
                opened += 1
            }
            let chunks = queue.round()
            try Task.checkCancellation()
            let silent = try chunks.filter { chunk in try chunk.windows.window.map(chunk.sound.isSilent) ?? true }
            for chunk in silent { chunk.windows.skip() }
            try await decode(chunks.filter { chunk in !silent.contains { $0 === chunk } }, request)
            for chunk in chunks { chunk.count() }
            try queue.report(report)
            if chunks.isEmpty, opened == count { return }
        }
    }
}
