import TensorStore

/// The options of diffusers' `UniPCMultistepScheduler`, with its defaults.
public struct UniPCMultistepSchedulerConfig: SchedulerClassConfig {
    public static let className = "UniPCMultistepScheduler"
    public var base = BaseSchedulerConfig()
    public var sigmas = SigmaOptions()
    public var finalSigmasType = FinalSigmas.zero
    /// 1 to 8.
    public var solverOrder = 2
    /// Whether it goes by the predicted picture, not the noise.
    public var predictX0 = true
    public var solverType = SolverType.bh2
    /// Whether the last steps are of lower order. Must be so where the last step leads to no noise.
    public var lowerOrderFinal = true
    /// Positions of the steps whose result is not corrected.
    public var disableCorrector: [Int] = []

    /// The B(h) of the paper.
    public enum SolverType: String, Sendable, CaseIterable {
        /// h
        case bh1
        /// eʰ - 1
        case bh2
    }

    public init() { base.timestepSpacing = .linspace }

    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        try UniPCMultistepScheduler(config: self, request)
    }

    func validate() throws(SchedulerError) {
        try base.validate()
        try SchedulerError.check((1...8).contains(solverOrder), "solver_order", "1 to 8", solverOrder)
        try SchedulerError.check(
            lowerOrderFinal || solverOrder == 1 || finalSigmasType == .sigmaMin, "lower_order_final",
            "true where final_sigmas_type is zero", lowerOrderFinal)
        try SchedulerError.check(
            predictX0 || finalSigmasType == .sigmaMin, "final_sigmas_type", "sigma_min where predict_x0 is false",
            finalSigmasType.rawValue)
    }
}

extension UniPCMultistepSchedulerConfig: ReadableSchedulerConfig {
    init(_ reader: SchedulerConfigReader) throws(SchedulerError) {
        self.init()
        try base.read(reader, [.thresholding, .zeroSNR])
        sigmas = try SigmaOptions(reader)
        finalSigmasType = try reader.choice("final_sigmas_type", default: finalSigmasType)
        solverOrder = try reader.integer("solver_order", default: solverOrder)
        predictX0 = try reader.flag("predict_x0", default: predictX0)
        solverType = try reader.choice(
            "solver_type", default: solverType, synonyms: ["midpoint": .bh2, "heun": .bh2, "logrho": .bh2])
        lowerOrderFinal = try reader.flag("lower_order_final", default: lowerOrderFinal)
        disableCorrector = try reader.integers("disable_corrector") ?? disableCorrector
        try reader.refuse("solver_p", unless: .null)
        try reader.refuse("use_flow_sigmas", unless: false)
        try reader.refuse("use_dynamic_shifting", unless: false)
    }
}
