import TensorStore

/// A scheduler that computes on the elements of tensors; an extension checks its inputs.
protocol LatentScheduler: Scheduler {
    /// One step at a valid position `index`.
    mutating func step(_ index: Int, _ input: StepInput) -> (previous: [Float], denoised: [Float])

    /// The weights of picture and noise in the sample at a valid position `index`.
    func noiseWeights(at index: Int) -> (signal: Float, noise: Float)
}

/// The inputs of a step.
struct StepInput {
    let output: [Float]
    let sample: [Float]
    /// Empty where the step takes none.
    let noise: [Float]
    /// The number of samples, concatenated.
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

/// Arithmetic over whole latents, in plain loops that the compiler vectorizes.
enum LatentArithmetic {
    /// a·x + b·y, with each product rounded, as in PyTorch's separate operations.
    static func sum(_ a: Float, _ x: [Float], _ b: Float, _ y: [Float]) -> [Float] {
        combine(x, y) { a * $0 + b * $1 }
    }

    /// The sum of weighted latents in order, with each product and each sum rounded.
    static func sum(_ terms: (weight: Float, latents: [Float])...) -> [Float] {
        guard let first = terms.first else { return [] }
        var result = first.latents.map { first.weight * $0 }
        for term in terms.dropFirst() { result = combine(result, term.latents) { $0 + term.weight * $1 } }
        return result
    }

    /// Combines two arrays element by element.
    @inline(__always)
    static func combine(_ x: [Float], _ y: [Float], _ body: (Float, Float) -> Float) -> [Float] {
        precondition(x.count == y.count, "the shapes were checked")
        return x.withUnsafeBufferPointer { x in
            y.withUnsafeBufferPointer { y in
                [Float](unsafeUninitializedCapacity: x.count) { result, count in
                    for index in 0..<x.count { result.initializeElement(at: index, to: body(x[index], y[index])) }
                    count = x.count
                }
            }
        }
    }

    /// The elements of the tensor called `what`, which must be f32 with the given shape.
    static func elements(of tensor: Tensor, shape: Shape, _ what: String) throws(SchedulerError) -> [Float] {
        guard tensor.shape == shape, let elements = try? tensor.elements(as: Float.self) else {
            throw .tensor(what, expected: "f32 \(shape)", found: "\(tensor.elementType) \(tensor.shape)")
        }
        return elements
    }

    static func tensor(_ elements: [Float], shape: Shape) throws(SchedulerError) -> Tensor {
        do { return try Tensor(elements, shape: shape) } catch {
            throw .tensor("result", expected: "\(shape)", found: "\(elements.count) elements")
        }
    }
}

/// The quantity that the network predicts.
public enum PredictionType: String, Sendable, CaseIterable {
    /// The noise.
    case epsilon
    /// The finished sample.
    case sample
    /// The velocity of Salimans and Ho 2022.
    case vPrediction = "v_prediction"
}

extension PredictionType {
    /// x̂₀ of a sample `signal · x₀ + noise · ε`.
    func original(output: [Float], sample: [Float], _ weights: (signal: Float, noise: Float)) -> [Float] {
        switch self {
        case .epsilon: LatentArithmetic.combine(sample, output) { ($0 - weights.noise * $1) / weights.signal }
        case .sample: output
        case .vPrediction: LatentArithmetic.sum(weights.signal, sample, -weights.noise, output)
        }
    }

    /// ε̂ of a sample `signal · x₀ + noise · ε`.
    func epsilon(output: [Float], sample: [Float], _ weights: (signal: Float, noise: Float)) -> [Float] {
        switch self {
        case .epsilon: output
        case .sample: LatentArithmetic.combine(sample, output) { ($0 - weights.signal * $1) / weights.noise }
        case .vPrediction: LatentArithmetic.sum(weights.signal, output, weights.noise, sample)
        }
    }

    /// x̂₀ of a sample `x₀ + σ · ε`; the network's input is the sample divided by √(σ² + 1).
    func original(output: [Float], sample: [Float], sigma: Float) -> [Float] {
        switch self {
        case .epsilon: return LatentArithmetic.combine(sample, output) { $0 - sigma * $1 }
        case .sample: return output
        case .vPrediction:
            let variance = sigma * sigma + 1
            let weight = -sigma / variance.squareRoot()
            return LatentArithmetic.combine(sample, output) { $1 * weight + $0 / variance }
        }
    }
}
