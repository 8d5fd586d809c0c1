import TensorStore

/// A scheduler that computes on the elements of tensors; what it is given is checked here.
protocol LatentScheduler: Scheduler {
    /// One step at position `index`, which exists.
    mutating func step(_ index: Int, _ input: StepInput) -> (previous: [Float], denoised: [Float])

    /// The weights of picture and noise in the sample at position `index`, which exists.
    func noiseWeights(at index: Int) -> (signal: Float, noise: Float)
}

/// What a step computes with.
struct StepInput {
    let output: [Float]
    let sample: [Float]
    /// Empty where the step takes none.
    let noise: [Float]
    /// The number of samples, one after the other.
    let batch: Int
}

extension LatentScheduler {
    public mutating func step(
        _ index: Int, output: Tensor, sample: Tensor, noise: Tensor?
    ) throws(SchedulerError) -> SchedulerStep {
        try check(position: index)
        let shape = sample.shape
        let elements = try LatentArithmetic.elements(of: sample, shape: shape, "sample")
        let prediction = try LatentArithmetic.elements(of: output, shape: shape, "model output")
        var draw: [Float] = []
        if needsNoise(at: index) {
            guard let noise else { throw .noise(position: index) }
            draw = try LatentArithmetic.elements(of: noise, shape: shape, "noise")
        }
        let input = StepInput(output: prediction, sample: elements, noise: draw, batch: shape.first ?? 1)
        let (previous, denoised) = step(index, input)
        return SchedulerStep(
            previous: try LatentArithmetic.tensor(previous, shape: shape),
            denoised: try LatentArithmetic.tensor(denoised, shape: shape))
    }

    public func addNoise(_ noise: Tensor, to latents: Tensor, at index: Int) throws(SchedulerError) -> Tensor {
        try check(position: index)
        let shape = latents.shape
        let weights = noiseWeights(at: index)
        let sample = LatentArithmetic.sum(
            weights.signal, try LatentArithmetic.elements(of: latents, shape: shape, "latents"),
            weights.noise, try LatentArithmetic.elements(of: noise, shape: shape, "noise"))
        return try LatentArithmetic.tensor(sample, shape: shape)
    }
}
