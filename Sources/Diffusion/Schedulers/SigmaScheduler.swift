import TensorStore

/// A scheduler whose samples are a picture plus noise of standard deviation σ, scaled down only for the network's input.
protocol SigmaScheduler: LatentScheduler {
    var plan: SigmaPlan { get }

    /// σ of the sample that the network sees at position `index`.
    func inputSigma(at index: Int) -> Float
}

/// The σ of a plan of steps.
struct SigmaPlan: Sendable {
    /// σ before each network call and after the last, including calls that the strength skips.
    let sigmas: [Float]
    /// The timesteps of the network calls that are not skipped.
    let timesteps: [Float]
    /// The number of network calls skipped at the beginning.
    let skipped: Int
    let initNoiseSigma: Float

    /// - Parameters:
    ///   - sigmas: σ before each network call and after the last.
    ///   - timesteps: the timesteps of all network calls.
    init(sigmas: [Float], timesteps: [Double], skipped: Int, spacing: TimestepSpacing) {
        self.sigmas = sigmas
        self.timesteps = timesteps.dropFirst(skipped).map { Float($0) }
        self.skipped = skipped
        let largest = sigmas.max() ?? 1
        initNoiseSigma = spacing == .leading ? (largest * largest + 1).squareRoot() : largest
    }

    /// Repeats all values but the first, for two network calls a step: the end of a step is the beginning of the next.
    static func callsTwice<Value>(_ values: [Value]) -> [Value] {
        values.prefix(1) + values.dropFirst().flatMap { [$0, $0] }
    }
}

extension SigmaScheduler {
    public var timesteps: [Float] { plan.timesteps }
    public var initNoiseSigma: Float { plan.initNoiseSigma }

    /// σ before the network call at position `index`, and after it.
    func sigmas(at index: Int) -> (current: Float, next: Float) {
        (plan.sigmas[plan.skipped + index], plan.sigmas[plan.skipped + index + 1])
    }

    func noiseWeights(at index: Int) -> (signal: Float, noise: Float) { (1, sigmas(at: index).current) }

    func inputSigma(at index: Int) -> Float { sigmas(at: index).current }

    public func scaleModelInput(_ sample: Tensor, at index: Int) throws(SchedulerError) -> Tensor {
        try check(position: index)
        let sigma = inputSigma(at: index)
        let scale = (sigma * sigma + 1).squareRoot()
        let elements = try LatentArithmetic.elements(of: sample, shape: sample.shape, "sample")
        return try LatentArithmetic.tensor(elements.map { $0 / scale }, shape: sample.shape)
    }
}

extension BaseSchedulerConfig {
    /// The defaults of diffusers' classes of second order, Heun's and both of KDPM2.
    static var secondOrder: BaseSchedulerConfig {
        var base = BaseSchedulerConfig()
        (base.betaStart, base.betaEnd, base.timestepSpacing) = (0.00085, 0.012, .linspace)
        return base
    }

    /// The timesteps of Euler's and Heun's steps and their σ, explicit or spaced; descending.
    func sigmaSteps(
        _ request: ScheduleRequest, _ options: SigmaOptions, className: String
    ) throws(SchedulerError) -> (timesteps: [Double], sigmas: [Double]) {
        try validate()
        try options.validate()
        let training = trainingSigmas
        let timesteps: [Double]
        if let given = try request.givenTimesteps(trained: numTrainTimesteps) {
            try options.refuseTimestepsByHand()
            timesteps = given.map { Double($0) }
        } else {
            let count = try request.count(trained: numTrainTimesteps, className: className)
            timesteps = try timestepSpacing.timesteps(
                count: count, trained: numTrainTimesteps, offset: stepsOffset, isRounded: false
            ).map { Double(Float($0)) }
        }
        let sigmas = timesteps.map { training.value(at: $0) }
        guard let spaced = options.sigmas(count: sigmas.count, from: sigmas[0], to: sigmas[sigmas.count - 1]) else {
            return (timesteps, sigmas)
        }
        return (spaced.map { training.timestep(of: $0) }, spaced)
    }
}
