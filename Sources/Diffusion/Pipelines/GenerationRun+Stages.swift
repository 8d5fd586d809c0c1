import Imaging
import Inference
import TensorStore

/// Encoded texts of a request.
struct EncodedTexts: Sendable {
    /// The conditions of each prompt.
    let prompts: [Scheduled<TextCondition>]
    /// The conditions of the negative prompt; nil where no prediction uses one.
    let negative: Scheduled<TextCondition>?
}

/// A UNet with the conditions of each batch.
struct ConditionedUNet {
    let network: Denoiser
    let conditions: [Scheduled<GuidedCondition>]

    /// Sets the condition of a batch's first step.
    func begin(batch number: Int) throws { try network.begin(conditions[number].values[0][0].prompt) }
}

extension GenerationRun {
    /// A finished step of a batch.
    struct Progress {
        let batch: Range<Int>
        let index: Int
        let timestep: Float
        /// `[b, C, h, w]`, as `denoised`.
        let latents: Tensor
        let denoised: Tensor
    }

    // MARK: Encode

    /// Encodes the prompts and the negative prompt to states `[1, tokens, channels]`.
    func encodeTexts() async throws -> EncodedTexts {
        defer { releaseNetworks() }
        let stage = networks.textEncoder
        let scales = plan.loraScales.text
        var prompts: [Scheduled<TextCondition>] = []
        for prompt in plan.tokens.prompts {
            prompts.append(try await prompt.map { try await stage.encode($0, skip: plan.request.clipSkip, scales: scales) })
        }
        guard let negative = plan.tokens.negative else { return EncodedTexts(prompts: prompts, negative: nil) }
        if plan.request.negativePrompt == nil, model.takesZerosForEmptyPrompt {
            return EncodedTexts(
                prompts: prompts, negative: Scheduled(values: [try prompts[0].values[0].zeros], calls: negative.calls))
        }
        // All layers that the model was trained with, as in diffusers, however many are skipped for the prompt.
        return EncodedTexts(
            prompts: prompts, negative: try await negative.map { try await stage.encode($0, skip: nil, scales: scales) })
    }

    /// Encodes the initial image to latents; nil where there is none.
    func encodeImage(_ report: (GenerationEvent) throws -> Void) async throws -> EncodedImage? {
        guard let initial = plan.initial else { return nil }
        defer { releaseNetworks() }
        try Task.checkCancellation()
        try report(.stage(.encodingImage))
        return try await initial.encoded(networks.encoder(plan.size), plan.size)
    }

    // MARK: Condition

    /// The UNets that the steps of a group of batches use, with the conditions of each batch.
    func conditionedUNets(
        _ group: GenerationPlan.Group, _ texts: EncodedTexts
    ) async throws -> [UNetPrecision: ConditionedUNet] {
        var unets: [UNetPrecision: ConditionedUNet] = [:]
        let used = Set(plan.precisions)
        let size = plan.size(batch: group.batchSize * (predictsTogether ? 2 : 1))
        // The floating-point UNet comes first: its conditions also serve the quantized UNet.
        for precision in [UNetPrecision.float, .quantized] where used.contains(precision) {
            let donor = unets[.float]
            let network = try networks.denoiser(
                precision, size, keeps: keepsNetworks, donor: donor?.network, kinds: used.count)
            if network.isDonated, let donor {
                unets[precision] = ConditionedUNet(network: network, conditions: donor.conditions)
            } else {
                unets[precision] = ConditionedUNet(
                    network: network,
                    conditions: try await plan.conditions(group, texts, together: predictsTogether, network))
            }
        }
        return unets
    }

    /// The UNet of a step.
    func unet(_ unets: [UNetPrecision: ConditionedUNet], step index: Int) -> ConditionedUNet {
        guard let unet = unets[plan.precisions[index]] else { preconditionFailure("a UNet of the schedule was not loaded") }
        return unet
    }

    // MARK: Predict

    /// The predictions of one step, `[b, C, h, w]` each: one, or two with guidance, the negative prompt's first.
    func predict(
        _ input: Tensor, _ unet: ConditionedUNet, batch number: Int, step index: Int, _ report: (GenerationEvent) throws -> Void
    ) async throws -> [Tensor] {
        let scheduled = unet.conditions[number]
        let conditions = scheduled.values[scheduled.calls[index]]
        let together = plan.guidance.comparesPredictions && conditions.count == 1
        let sample = together ? Tensor.stacked([input, input]) : input // [2b, C, h, w] where both are made in one run
        var predictions: [Tensor] = []
        for condition in conditions {
            // `begin` set a batch's only condition.
            if conditions.count > 1 || scheduled.values.count > 1 { try unet.network.begin(condition.prompt) }
            let outputs = try await unet.network.predict(sample, embedding: condition.times[index])
            if outputs.count > 1 { try report(.outputs(network: "unet", outputs.filter { $0.key != "out_sample" })) }
            predictions.append(try outputs.required("out_sample", of: "unet"))
        }
        guard together else { return predictions }
        let batch = input.shape[0]
        return [predictions[0].rows(0..<batch), predictions[0].rows(batch..<2 * batch)]
    }

    /// Reports a finished step, with previews where the request asks for them.
    func report(_ progress: Progress, _ report: (GenerationEvent) throws -> Void) async throws {
        let count = plan.scheduler.timesteps.count
        var previews: [RGBImage] = []
        if plan.request.wantsPreview(after: progress.index, of: count) {
            let decoder = try networks.previewDecoder(plan.size) { try report(.stage(.loadingDecoder)) }
            for row in 0..<progress.batch.count {
                let outputs = try await decoder.run(progress.denoised.rows(row..<row + 1))
                previews.append(try timings.measure(\.conversion) { try decoder.image(in: outputs) })
            }
        }
        try report(
            .step(
                .init(
                    pictures: progress.batch, index: progress.index, count: count, timestep: progress.timestep,
                    latents: progress.latents, denoised: progress.denoised, previews: previews)))
    }

    // MARK: Decode

    /// Decodes latents `[1, C, h, w]` to the picture at `index`; the safety checker checks it where the request asks for that.
    func picture(
        _ index: Int, _ latents: Tensor, _ report: (GenerationEvent) throws -> Void
    ) async throws -> GeneratedPicture {
        try Task.checkCancellation()
        let decoder = try networks.decoder(plan.size) { try report(.stage(.loadingDecoder)) }
        try report(.stage(.decoding))
        let outputs = try await decoder.run(latents)
        if outputs.count > 1 { try report(.outputs(network: decoder.name, outputs.filter { $0.key != "sample" })) }
        var image = try timings.measure(\.conversion) { try decoder.image(in: outputs) }
        let safety = try await verdict(image, report)
        if safety?.isFlagged == true { image = try image.blurredForSafety() }
        let picture = GeneratedPicture(
            index: index, prompt: plan.prompt(ofPicture: index), seed: plan.request.seed(ofPicture: index), image: image,
            safety: safety, latents: latents, precision: networks.options.namedPrecision)
        try report(.picture(picture))
        return picture
    }

    private func verdict(_ image: RGBImage, _ report: (GenerationEvent) throws -> Void) async throws -> SafetyVerdict? {
        guard plan.request.checksSafety else { return nil }
        try report(.stage(.checkingSafety))
        let checker = try networks.safetyChecker()
        let picture = try timings.measure(\.conversion) { try checker.prepared(image) }
        return try await checker.check(picture)
    }
}
