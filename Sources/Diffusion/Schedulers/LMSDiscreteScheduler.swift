import TensorStore

/// The options of diffusers' `LMSDiscreteScheduler`, with its defaults.
public struct LMSDiscreteSchedulerConfig: SigmaSpacedConfig {
    public static let className = "LMSDiscreteScheduler"
    public var base = BaseSchedulerConfig()
    /// Karras' spacing ignores the ends that are given here, as in diffusers' class.
    public var sigmas = SigmaOptions()

    public init() { base.timestepSpacing = .linspace }

    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        try LMSDiscreteScheduler(config: self, request)
    }
}

extension LMSDiscreteSchedulerConfig: ReadableSchedulerConfig {
    init(_ reader: SchedulerConfigReader) throws(SchedulerError) {
        self.init()
        try base.read(reader, .spacing)
        sigmas = try SigmaOptions(reader)
    }
}

/// Linear multistep over σ of fourth order (Katherine Crowson's k-diffusion, `sample_lms`): the slopes of up to four steps are
/// interpolated by a polynomial in σ, which is integrated to the next σ.
///
/// The integrals are exact; diffusers' are by quadrature. After steps that the strength skips, the polynomial has the order of all
/// steps so far although fewer slopes are known, as in diffusers.
/// Reference: diffusers' `scheduling_lms_discrete.py`.
public struct LMSDiscreteScheduler: SigmaScheduler {
    let plan: SigmaPlan
    private let config: LMSDiscreteSchedulerConfig
    /// Slopes of earlier steps, the latest first; four at most.
    private var slopes: [[Float]] = []

    private static let order = 4

    /// - Throws: `SchedulerError` where the request does not fit the config's schedule, or the config is invalid.
    public init(config: LMSDiscreteSchedulerConfig, _ request: ScheduleRequest) throws(SchedulerError) {
        let className = LMSDiscreteSchedulerConfig.className
        if case .timesteps = request.steps { throw .timestepsNotSupported(className: className) }
        var options = config.sigmas
        if options.useKarrasSigmas { (options.sigmaMin, options.sigmaMax) = (nil, nil) }
        let steps = try config.base.sigmaSteps(request, options, className: className)
        plan = SigmaPlan(
            sigmas: steps.sigmas.map { Float($0) } + [0], timesteps: steps.timesteps,
            skipped: try request.skippedSteps(of: steps.timesteps.count), spacing: config.timestepSpacing)
        self.config = config
    }

    mutating func step(_ index: Int, _ input: StepInput) -> (previous: [Float], denoised: [Float]) {
        let (sigma, next) = sigmas(at: index)
        let original = config.predictionType.original(output: input.output, sample: input.sample, sigma: sigma)
        slopes.insert(LatentArithmetic.combine(input.sample, original) { ($0 - $1) / sigma }, at: 0)
        slopes = Array(slopes.prefix(Self.order))
        let position = plan.skipped + index
        let nodes = (0..<min(position + 1, Self.order)).map { Double(plan.sigmas[position - $0]) }
        var change = [Float](repeating: 0, count: input.sample.count)
        for (index, slope) in slopes.prefix(nodes.count).enumerated() {
            change = LatentArithmetic.sum(1, change, Float(Self.integral(nodes, of: index, to: Double(next))), slope)
        }
        return (LatentArithmetic.sum(1, input.sample, 1, change), original)
    }

    /// The integral, from the first node to `end`, of the Lagrange polynomial that is 1 at the node `index` and 0 at the others.
    static func integral(_ nodes: [Double], of index: Int, to end: Double) -> Double {
        // Coefficients of ascending powers of the distance from the first node.
        var polynomial = [1.0]
        var scale = 1.0
        for (other, node) in nodes.enumerated() where other != index {
            let root = node - nodes[0]
            polynomial = zip([0] + polynomial, polynomial + [0]).map { $0 - root * $1 }
            scale *= nodes[index] - node
        }
        let width = end - nodes[0]
        let integral = polynomial.enumerated().reversed().reduce(0) { ($0 + $1.element / Double($1.offset + 1)) * width }
        return integral / scale
    }
}
