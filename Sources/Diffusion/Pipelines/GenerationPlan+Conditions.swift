import TensorStore

/// The inputs of a batch's steps besides the sample.
struct StepCondition {
    let prompt: Denoiser.Values
    /// The embedding of each step's timestep; empty for a step that has another condition.
    let times: [Denoiser.Values]
}

/// The conditions of a step: one, or, where guidance runs two predictions one after the other, the negative prompt's first.
typealias GuidedCondition = [StepCondition]

extension GenerationPlan {
    /// The conditions of each batch; batches of the same prompts share them.
    /// - Parameters:
    ///   - texts: the encoded prompts and negative prompt.
    ///   - together: whether both predictions are made in one run, with the negative prompt's in the first half of the batch.
    func conditions(
        _ group: Group, _ texts: EncodedTexts, together: Bool, _ denoiser: Denoiser
    ) async throws -> [Scheduled<GuidedCondition>] {
        var byPrompts: [[Int]: Scheduled<GuidedCondition>] = [:]
        var times = Times(scheduler.timesteps, denoiser)
        var result: [Scheduled<GuidedCondition>] = []
        for batch in group.batches {
            let prompts = batch.map { $0 / request.imagesPerPrompt }
            if let known = byPrompts[prompts] {
                result.append(known)
                continue
            }
            let steps = texts.steps(prompts, count: scheduler.timesteps.count)
            var conditions: [GuidedCondition] = []
            for (index, step) in steps.values.enumerated() {
                let positives = zip(prompts, step.prompts).map { texts.prompts[$0].values[$1] }
                let negative = step.negative.flatMap { texts.negative?.values[$0] }
                let negatives = negative.map { Array(repeating: $0, count: batch.count) } ?? []
                let runs = together || negatives.isEmpty ? [(negatives, positives)] : [(negatives, []), ([], positives)]
                var condition: GuidedCondition = []
                for (negatives, positives) in runs {
                    let prompt = try await denoiser.condition(inputs(negatives: negatives, positives: positives))
                    let embeddings = try await times.embeddings(prompt) { steps.calls[$0] == index }
                    condition.append(StepCondition(prompt: prompt, times: embeddings))
                }
                conditions.append(condition)
            }
            let scheduled = Scheduled(values: conditions, calls: steps.calls)
            byPrompts[prompts] = scheduled
            result.append(scheduled)
        }
        denoiser.releaseConditioning()
        return result
    }

    /// The UNet's inputs for texts, one for each picture; the negative texts come first.
    func inputs(negatives: [TextCondition], positives: [TextCondition]) throws -> Denoiser.Values {
        let texts = negatives + positives
        var inputs = loraScales.unet
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

/// The embeddings of a schedule's timesteps, computed once where they do not depend on the prompt.
private struct Times {
    private let timesteps: [Float]
    private let denoiser: Denoiser
    private var shared: [Denoiser.Values] = []

    init(_ timesteps: [Float], _ denoiser: Denoiser) {
        self.timesteps = timesteps
        self.denoiser = denoiser
    }

    /// - Parameter isUsed: whether the step at an index has this condition.
    mutating func embeddings(
        _ prompt: Denoiser.Values, where isUsed: (Int) -> Bool
    ) async throws -> [Denoiser.Values] {
        if !shared.isEmpty { return shared }
        var embeddings: [Denoiser.Values] = []
        for (index, timestep) in timesteps.enumerated() {
            let isNeeded = !denoiser.timesDependOnPrompt || isUsed(index)
            embeddings.append(isNeeded ? try await denoiser.embedding(of: timestep, condition: prompt) : [:])
        }
        if !denoiser.timesDependOnPrompt { shared = embeddings }
        return embeddings
    }
}

extension EncodedTexts {
    /// The texts of a step of a batch, as indices in the values of each prompt and of the negative prompt.
    fileprivate struct Step: Hashable {
        let prompts: [Int]
        let negative: Int?
    }

    /// The different steps of the prompts of a batch's pictures.
    fileprivate func steps(_ indices: [Int], count: Int) -> Scheduled<Step> {
        var steps: [Step] = []
        var calls: [Int] = []
        var known: [Step: Int] = [:]
        for call in 0..<count {
            let step = Step(prompts: indices.map { prompts[$0].calls[call] }, negative: negative?.calls[call])
            let index = known[step] ?? steps.count
            if index == steps.count {
                known[step] = index
                steps.append(step)
            }
            calls.append(index)
        }
        return Scheduled(values: steps, calls: calls)
    }
}
