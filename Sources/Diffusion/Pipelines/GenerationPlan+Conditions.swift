import TensorStore

/// The inputs of a batch's steps besides the sample.
struct StepCondition {
    let prompt: Denoiser.Values
    /// The embedding of each step's timestep.
    let times: [Denoiser.Values]
}

/// The conditions of a batch: one, or, where guidance runs two predictions one after the other, the negative prompt's first.
typealias GuidedCondition = [StepCondition]

extension GenerationPlan {
    /// The condition of each batch; batches of the same prompts share one.
    /// - Parameters:
    ///   - texts: the encoded prompts and negative prompt.
    ///   - together: whether both predictions are made in one run, with the negative prompt's in the first half of the batch.
    func conditions(
        _ group: Group, _ texts: EncodedTexts, together: Bool, _ denoiser: Denoiser
    ) async throws -> [GuidedCondition] {
        var byPrompts: [[Int]: GuidedCondition] = [:]
        var times: [Denoiser.Values] = []
        var result: [GuidedCondition] = []
        for batch in group.batches {
            let prompts = batch.map { $0 / request.imagesPerPrompt }
            if let known = byPrompts[prompts] {
                result.append(known)
                continue
            }
            let positives = prompts.map { texts.prompts[$0] }
            let negatives = texts.negative.map { Array(repeating: $0, count: batch.count) } ?? []
            let runs = together || negatives.isEmpty ? [(negatives, positives)] : [(negatives, []), ([], positives)]
            var condition: GuidedCondition = []
            for (negatives, positives) in runs {
                let prompt = try await denoiser.condition(inputs(negatives: negatives, positives: positives))
                if times.isEmpty || denoiser.timesDependOnPrompt {
                    times = []
                    for timestep in scheduler.timesteps {
                        times.append(try await denoiser.embedding(of: timestep, condition: prompt))
                    }
                }
                condition.append(StepCondition(prompt: prompt, times: times))
            }
            byPrompts[prompts] = condition
            result.append(condition)
        }
        denoiser.releaseConditioning()
        return result
    }

    /// The UNet's inputs for texts, one for each picture; the negative texts come first.
    func inputs(negatives: [TextCondition], positives: [TextCondition]) throws -> Denoiser.Values {
        let texts = negatives + positives
        var inputs = loraScales
        inputs["encoder_hidden_states"] = .stacked(texts.map(\.states))
        inputs["timestep_cond"] = try guidance.embedding(batch: texts.count)
        let pooled = texts.compactMap(\.pooled)
        if pooled.count == texts.count {
            inputs["text_embeds"] = .stacked(pooled)
            let negative = request.negativeSizeConditioning ?? request.sizeConditioning
            inputs["time_ids"] = .stacked(
                try negatives.map { _ in try timeIDs(negative) } + positives.map { _ in try timeIDs(request.sizeConditioning) })
        }
        return inputs
    }

    private func timeIDs(_ sizes: SizeConditioning) throws -> Tensor {
        let ids = sizes.timeIDs(width: size.width, height: size.height)
        return try Tensor(ids, shape: [1, ids.count])
    }
}
