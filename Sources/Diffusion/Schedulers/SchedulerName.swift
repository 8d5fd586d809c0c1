public import TensorStore

/// A short name for a scheduler class and some of its options, for command lines.
public struct SchedulerName: Sendable {
    public let name: String
    public let className: String
    /// Alternative names.
    public let aliases: [String]
    /// The rule of σ that the name ends with; `plain` where it ends with none, nil for a class that has no such rules.
    let sigmas: SigmaSpacing?
    let options: [String: JSONValue]

    /// All names: those of the classes that can space σ also end with `-karras`, `-exponential` or `-beta`.
    public static let all: [SchedulerName] =
        [
            [.init("ddim", DDIMSchedulerConfig.className)],
            [.init("ddpm", DDPMSchedulerConfig.className)],
            spaced("deis", DEISMultistepSchedulerConfig.className),
            spaced("dpm++", DPMSolverMultistepSchedulerConfig.className, ["dpm++ 2m"], solver("dpmsolver++", order: 2)),
            spaced(
                "dpm++-sde", DPMSolverMultistepSchedulerConfig.className, ["dpm++ 2m sde"], solver("sde-dpmsolver++", order: 2)),
            spaced(
                "dpm++-3m-sde", DPMSolverMultistepSchedulerConfig.className, ["dpm++ 3m sde"], solver("sde-dpmsolver++", order: 3)
            ),
            spaced("dpm++-2s", DPMSolverSinglestepSchedulerConfig.className, ["dpm++ 2s"], solver("dpmsolver++", order: 2)),
            spaced(
                "dpm++-2s-sde", DPMSolverSinglestepSchedulerConfig.className, ["dpm++ 2s sde"],
                solver("sde-dpmsolver++", order: 2)),
            spaced("dpm2", KDPM2DiscreteSchedulerConfig.className),
            spaced("dpm2-a", KDPM2AncestralDiscreteSchedulerConfig.className, ["dpm2 a"]),
            spaced("euler", EulerDiscreteSchedulerConfig.className),
            [.init("euler-a", EulerAncestralDiscreteSchedulerConfig.className, ["euler a"])],
            spaced("heun", HeunDiscreteSchedulerConfig.className),
            [.init("lcm", LCMSchedulerConfig.className)],
            spaced("lms", LMSDiscreteSchedulerConfig.className),
            [.init("pndm", PNDMSchedulerConfig.className, ["plms"])],
            [.init("tcd", TCDSchedulerConfig.className)],
            spaced("unipc", UniPCMultistepSchedulerConfig.className),
        ].flatMap(\.self)

    /// The names without those that end with a rule of σ.
    public static let short = all.filter { [nil, .plain].contains($0.sigmas) }.map(\.name)

    private init(
        _ name: String, _ className: String, _ aliases: [String] = [], sigmas: SigmaSpacing? = nil,
        _ options: [String: JSONValue] = [:]
    ) {
        self.name = name
        self.className = className
        self.aliases = aliases
        self.sigmas = sigmas
        self.options = options
    }

    /// A name for each rule of σ.
    private static func spaced(
        _ name: String, _ className: String, _ aliases: [String] = [], _ options: [String: JSONValue] = [:]
    ) -> [SchedulerName] {
        SigmaSpacing.allCases.map { spacing in
            var override = SchedulerOptionsOverride()
            override.sigmaSpacing = spacing
            let options = options.merging(override.options) { own, _ in own }
            let suffix = spacing.rawValue
            if spacing == .plain { return .init(name, className, aliases, sigmas: .plain, options) }
            return .init(
                "\(name)-\(suffix)", className, ([name] + aliases).map { "\($0) \(suffix)" }, sigmas: spacing, options)
        }
    }

    private static func solver(_ algorithm: String, order: Int) -> [String: JSONValue] {
        ["algorithm_type": .string(algorithm), "solver_order": .integer(order)]
    }
}

// MARK: Unsupported classes

extension SchedulerName {
    /// Classes of diffusers that are not supported, with the names of the nearest that are.
    private static let relatives: [String: [String]] = [
        "CMStochasticIterativeScheduler": ["lcm"],
        "CogVideoXDDIMScheduler": ["ddim"],
        "CogVideoXDPMScheduler": ["dpm++-sde"],
        "CosineDPMSolverMultistepScheduler": ["dpm++-sde"],
        "DDIMInverseScheduler": ["ddim"],
        "DDIMParallelScheduler": ["ddim"],
        "DDPMParallelScheduler": ["ddpm"],
        "DDPMWuerstchenScheduler": ["ddpm"],
        "DPMSolverMultistepInverseScheduler": ["dpm++"],
        "DPMSolverSDEScheduler": ["dpm++-2s-sde", "dpm++-sde"],
        "EDMDPMSolverMultistepScheduler": ["dpm++"],
        "EDMEulerScheduler": ["euler"],
        "FlowMatchEulerDiscreteScheduler": ["euler"],
        "FlowMatchHeunDiscreteScheduler": ["heun"],
        "FlowMatchLCMScheduler": ["lcm"],
        "IPNDMScheduler": ["pndm", "lms"],
        "KarrasVeScheduler": ["heun-karras"],
        "RePaintScheduler": ["ddim"],
        "SASolverScheduler": ["dpm++-sde", "unipc"],
        "ScoreSdeVeScheduler": ["euler-a"],
        "UnCLIPScheduler": ["ddpm"],
    ]

    /// The names of the supported schedulers that are nearest to a class: by kind, else by its name; general ones for others.
    static func near(className: String?) -> [String] {
        guard let className else { return ["euler", "dpm++", "ddim"] }
        if let relatives = relatives[className] { return relatives }
        let near = nearest(to: className, among: SchedulerConfig.classNames).compactMap { near in
            all.first { $0.className == near }?.name
        }
        return near.isEmpty ? self.near(className: nil) : near
    }
}

// MARK: Schedulers by name

extension SchedulerConfig {
    /// The scheduler for a name, either one of `SchedulerName.all` or one of diffusers' classes, regardless of case.
    ///
    /// It takes its options from the model's file as far as it has them, as diffusers' `from_config` does. The options of the
    /// name override the file's, and `override` overrides both.
    /// - Parameters:
    ///   - json: the model's `scheduler_config.json`; nil for the class's defaults.
    ///   - file: the file's name in errors.
    /// - Throws: `SchedulerError.unknownName`; the errors of the initializer from a file.
    public static func named(
        _ name: String, from json: JSONValue?, file: String, overriding override: SchedulerOptionsOverride = .init()
    ) throws(SchedulerError) -> SchedulerConfig {
        let text = name.lowercased()
        let json = json ?? .object(JSONObject())
        if let className = classNames.first(where: { $0.lowercased() == text }) {
            return try SchedulerConfig(className, json, file: file, override.options)
        }
        guard let known = SchedulerName.all.first(where: { $0.name == text || $0.aliases.contains(text) }) else {
            let names = SchedulerName.all.map(\.name)
            throw .unknownName(name, near: nearest(to: name, among: names + classNames), known: SchedulerName.short)
        }
        return try SchedulerConfig(
            known.className, json, file: file, known.options.merging(override.options) { _, new in new })
    }
}
