public import TensorStore

/// A short name for a scheduler class and some of its options, for command lines.
public struct SchedulerName: Sendable {
    public let name: String
    public let className: String
    /// Alternative names.
    public let aliases: [String]
    let options: [String: JSONValue]

    /// All names.
    public static let all: [SchedulerName] = [
        .init("ddim", DDIMSchedulerConfig.className),
        .init("ddpm", DDPMSchedulerConfig.className),
        .init("dpm++", DPMSolverMultistepSchedulerConfig.className, ["dpm++ 2m"], solver("dpmsolver++", karras: false)),
        .init(
            "dpm++-karras", DPMSolverMultistepSchedulerConfig.className, ["dpm++ 2m karras"], solver("dpmsolver++", karras: true)),
        .init(
            "dpm++-sde", DPMSolverMultistepSchedulerConfig.className, ["dpm++ 2m sde"], solver("sde-dpmsolver++", karras: false)),
        .init(
            "dpm++-sde-karras", DPMSolverMultistepSchedulerConfig.className, ["dpm++ 2m sde karras"],
            solver("sde-dpmsolver++", karras: true)),
        .init("euler", EulerDiscreteSchedulerConfig.className, [], ["use_karras_sigmas": false]),
        .init("euler-karras", EulerDiscreteSchedulerConfig.className, ["euler karras"], ["use_karras_sigmas": true]),
        .init("euler-a", EulerAncestralDiscreteSchedulerConfig.className, ["euler a"]),
        .init("heun", HeunDiscreteSchedulerConfig.className, [], ["use_karras_sigmas": false]),
        .init("heun-karras", HeunDiscreteSchedulerConfig.className, ["heun karras"], ["use_karras_sigmas": true]),
        .init("lcm", LCMSchedulerConfig.className),
        .init("pndm", PNDMSchedulerConfig.className, ["plms"]),
        .init("tcd", TCDSchedulerConfig.className),
        .init("unipc", UniPCMultistepSchedulerConfig.className, [], ["use_karras_sigmas": false]),
        .init("unipc-karras", UniPCMultistepSchedulerConfig.className, ["unipc karras"], ["use_karras_sigmas": true]),
    ]

    private init(_ name: String, _ className: String, _ aliases: [String] = [], _ options: [String: JSONValue] = [:]) {
        self.name = name
        self.className = className
        self.aliases = aliases
        self.options = options
    }

    /// DPM-Solver of second order.
    private static func solver(_ algorithm: String, karras: Bool) -> [String: JSONValue] {
        ["algorithm_type": .string(algorithm), "solver_order": 2, "use_karras_sigmas": .bool(karras)]
    }
}

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
            let known = SchedulerName.all.map(\.name)
            throw .unknownName(name, near: nearest(to: name, among: known + classNames), known: known)
        }
        return try SchedulerConfig(
            known.className, json, file: file, known.options.merging(override.options) { _, new in new })
    }
}
