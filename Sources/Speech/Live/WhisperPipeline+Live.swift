import Architectures
import Audio
import Inference
import TensorStore
import Tokenizers

extension WhisperPipeline {
    /// Writes down sound while it goes on, by the most probable token each time; see `LiveEvent`.
    ///
    /// Words are settled when two hypotheses in a row agree on them. When the samples end, all that was said is settled.
    /// - Parameters:
    ///   - samples: mono, 16 kHz, −1…1, in pieces of any length.
    ///   - request: its language, task, initial prompt, hotwords and thresholds are used.
    ///   - emit: receives events as soon as they are known.
    /// - Throws: `SpeechError.exported`; `CancellationError` between tokens; `OpenVINOError`; the errors of `emit`; those of `samples`, when what was heard
    ///   before is settled.
    public func listen(
        to samples: some AsyncSequence<[Float], any Error> & Sendable, _ request: Request = Request(),
        _ options: LiveOptions = LiveOptions(), emit: (LiveEvent) throws -> Void
    ) async throws {
        guard let networks = networks as? any TextNetworks else { throw SpeechError.exported("live sound") }
        let intake = SampleIntake()
        let reading = Task {
            do {
                for try await block in samples { try await intake.append(block) }
                intake.finish()
            } catch {
                intake.finish(throwing: error)
            }
        }
        defer {
            reading.cancel()
            intake.close()
        }
        var (language, isSettled) = (request.language, request.language != nil || !tokenizer.isMultilingual)
        func report(_ event: LiveEvent) throws {
            guard case .committed(var text) = event else { return try emit(event) }
            isSettled = true
            text.delay = max(0, intake.arrived - text.end)
            try emit(.committed(text))
        }
        func window(_ samples: [Float]) async throws -> (any TextSource, [Int32], WhisperLanguage?) {
            let source = try await text(of: samples, networks, options.audioContext)
            if !isSettled {
                let logits = try await source.begin([Int(tokenizer.special.startOfTranscript)], positions: [0])[0]
                if let found = LanguageDetection(tokenizer: tokenizer).probabilities(logits).first {
                    if found.language != language { try emit(.language(found.language, probability: found.probability)) }
                    language = found.language
                }
            }
            return (source, try tokenizer.startSequence(language: language, task: request.task), language)
        }
        var transcription = LiveTranscription(
            tokenizer, vocabulary, request.decoding, options, length: config.maxTargetPositions,
            isSilent: { $0.allSatisfy { abs($0) < RecordingSound.leastAmplitude } })
        let interval = max(1, Int(options.interval * Double(LogMelSpectrogram.sampleRate)))
        var hasEnded = false
        while !hasEnded {
            let most = options.keepsUp ? transcription.room : min(interval, transcription.room)
            let (block, isLast) = try await intake.take(atLeast: min(interval, most), atMost: most)
            hasEnded = isLast
            // The last piece is heard once, with all that is left.
            if isLast { transcription.append(block) } else { try await transcription.listen(block, window: window, emit: report) }
        }
        try await transcription.finish(window: window, emit: report)
        if let failure = intake.failure { throw failure }
    }

    /// A decoder over sound of a window at most.
    private func text(
        of samples: [Float], _ networks: any TextNetworks, _ context: AudioContext
    ) async throws -> any TextSource {
        let features = try RecordingSpectrogram(spectrogram, Recording(samples))
        let positions = context.positions(frames: features.frames, limit: config.maxSourcePositions)
        let window: [Float] = try features.window(0..<features.frames, length: 2 * positions).elements()
        let batch = try Tensor(window, shape: [1, config.numMelBins, 2 * positions])
        return networks.text(over: try await networks.encode(batch))
    }
}
