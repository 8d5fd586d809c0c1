/// A sampler as AUTOMATIC1111's web UI names it, with the type of its noise schedule.
///
/// Reference: `modules/sd_samplers_kdiffusion.py`, `sd_samplers_timesteps.py` and `sd_schedulers.py` of the web UI 1.10, and
/// diffusers' table of its schedulers' names there.
public struct WebUISampler: Sendable, Equatable {
    public let name: String
    /// nil for `Automatic`, which is the sampler's own.
    public let scheduleType: String?

    public init(name: String, scheduleType: String? = nil) {
        self.name = name
        self.scheduleType = scheduleType
    }
}

// MARK: Names of ours

extension WebUISampler {
    /// The web UI's name of a scheduler; for one that it does not have, diffusers' name without `Scheduler`.
    public init(_ scheduler: SchedulerConfig) {
        let options = scheduler.options
        let name = Self.name(options) ?? scheduler.className.replacing("Scheduler", with: "")
        self.name = name
        guard Self.known.contains(where: { $0.name == name && $0.isSpaced }) else {
            scheduleType = nil
            return
        }
        scheduleType =
            switch (options as? any SigmaSpacedConfig)?.sigmas.spacing ?? .plain {
            case .karras: "Karras"
            case .exponential: "Exponential"
            case .beta: "Beta"
            case .plain: Self.timestepTypes[options.base.timestepSpacing]
            }
    }

    private static func name(_ options: any SchedulerClassConfig) -> String? {
        switch options {
        case let solver as DPMSolverMultistepSchedulerConfig:
            switch (solver.algorithmType, solver.solverOrder) {
            case (.dpmsolverPlusPlus, 2): "DPM++ 2M"
            case (.sdeDPMSolverPlusPlus, 2): solver.solverType == .heun ? "DPM++ 2M SDE Heun" : "DPM++ 2M SDE"
            case (.sdeDPMSolverPlusPlus, 3): "DPM++ 3M SDE"
            default: nil
            }
        case let solver as DPMSolverSinglestepSchedulerConfig:
            solver.algorithmType == .sdeDPMSolverPlusPlus && solver.solverOrder == 2 ? "DPM++ SDE" : nil
        case is EulerDiscreteSchedulerConfig: "Euler"
        case is EulerAncestralDiscreteSchedulerConfig: "Euler a"
        case is HeunDiscreteSchedulerConfig: "Heun"
        case is LMSDiscreteSchedulerConfig: "LMS"
        case is KDPM2DiscreteSchedulerConfig: "DPM2"
        case is KDPM2AncestralDiscreteSchedulerConfig: "DPM2 a"
        case is PNDMSchedulerConfig: "PLMS"
        case is UniPCMultistepSchedulerConfig: "UniPC"
        case is DEISMultistepSchedulerConfig: "DEIS"
        default: nil
        }
    }

    /// The types of schedules that space timesteps.
    private static let timestepTypes: [TimestepSpacing: String] = [
        .linspace: "Uniform", .trailing: "SGM Uniform", .leading: "DDIM",
    ]
}

// MARK: Ours for its names

extension WebUISampler {
    /// A scheduler that draws as a sampler does, or as nearly as there is one.
    public struct Scheduler: Sendable, Equatable {
        /// One of `SchedulerName.all`.
        public let name: String
        /// nil for the model's own, or where the class has none.
        public let timestepSpacing: TimestepSpacing?
        /// The differences from the sampler, a sentence each.
        public let notes: [String]
    }

    /// A sampler of the web UI.
    private struct Known {
        let name: String
        /// The name of our scheduler, without a rule of σ.
        let scheduler: String
        /// Whether the type of the schedule concerns it.
        var isSpaced = true
        /// The spacing where the type is `Automatic`.
        var automatic = SigmaSpacing.plain
        /// The spacing of timesteps of a sampler with its own schedule.
        var ownSpacing: TimestepSpacing?
        /// Whether both are the same method.
        var isSame = true
    }

    private static let known: [Known] = [
        .init(name: "Euler a", scheduler: "euler-a"),
        .init(name: "Euler", scheduler: "euler"),
        .init(name: "LMS", scheduler: "lms"),
        .init(name: "Heun", scheduler: "heun"),
        .init(name: "DPM2", scheduler: "dpm2", automatic: .karras),
        .init(name: "DPM2 a", scheduler: "dpm2-a", automatic: .karras),
        .init(name: "DPM++ 2S a", scheduler: "dpm++-2s", automatic: .karras, isSame: false),
        .init(name: "DPM++ 2M", scheduler: "dpm++", automatic: .karras),
        .init(name: "DPM++ SDE", scheduler: "dpm++-2s-sde", automatic: .karras, isSame: false),
        .init(name: "DPM++ 2M SDE", scheduler: "dpm++-sde", automatic: .exponential),
        .init(name: "DPM++ 2M SDE Heun", scheduler: "dpm++-sde", automatic: .exponential, isSame: false),
        .init(name: "DPM++ 3M SDE", scheduler: "dpm++-3m-sde", automatic: .exponential),
        .init(name: "DPM fast", scheduler: "dpm++-2s", isSpaced: false, isSame: false),
        .init(name: "DPM adaptive", scheduler: "dpm++", isSpaced: false, isSame: false),
        .init(name: "Restart", scheduler: "heun", automatic: .karras, isSame: false),
        .init(name: "DDIM", scheduler: "ddim", isSpaced: false, ownSpacing: .leading),
        .init(name: "DDIM CFG++", scheduler: "ddim", isSpaced: false, ownSpacing: .leading, isSame: false),
        .init(name: "PLMS", scheduler: "pndm", isSpaced: false, ownSpacing: .leading),
        .init(name: "UniPC", scheduler: "unipc", isSpaced: false),
        .init(name: "LCM", scheduler: "lcm", isSpaced: false),
        // Of its forks.
        .init(name: "DDPM", scheduler: "ddpm", isSpaced: false),
        .init(name: "DEIS", scheduler: "deis", isSpaced: false),
        .init(name: "TCD", scheduler: "tcd", isSpaced: false),
    ]

    /// Our scheduler for the sampler; nil for a sampler that is not known.
    ///
    /// Earlier versions of the web UI have the type of the schedule in the name, `DPM++ 2M Karras`; classes of diffusers and names
    /// of ours are taken too.
    public var scheduler: Scheduler? {
        let text = name.lowercased()
        let suffixes = SigmaSpacing.allCases.filter { $0 != .plain }.map { (" \($0.rawValue)", $0) }
        let suffix = suffixes.first { text.hasSuffix($0.0) }
        let bare = suffix.map { String(text.dropLast($0.0.count)) } ?? text
        if let sampler = Self.known.first(where: { $0.name.lowercased() == bare }) {
            return scheduler(sampler, suffix?.1)
        }
        let own = SchedulerName.all.first {
            $0.name == text || [text, text + "scheduler"].contains($0.className.lowercased())
        }
        return own.map { Scheduler(name: $0.name, timestepSpacing: nil, notes: []) }
    }

    private func scheduler(_ sampler: Known, _ suffix: SigmaSpacing?) -> Scheduler {
        var notes: [String] = []
        if !sampler.isSame { notes.append("There is no sampler '\(sampler.name)' here; the nearest is \(sampler.scheduler).") }
        guard sampler.isSpaced else {
            return Scheduler(name: sampler.scheduler, timestepSpacing: sampler.ownSpacing, notes: notes)
        }
        var (spacing, timesteps) = (suffix ?? sampler.automatic, TimestepSpacing.linspace)
        switch scheduleType?.lowercased() {
        case nil, "automatic": break
        case "uniform", "normal": spacing = .plain
        case "karras": spacing = .karras
        case "exponential", "polyexponential": spacing = .exponential
        case "beta": spacing = .beta
        case "sgm uniform", "simple": (spacing, timesteps) = (.plain, .trailing)
        case "ddim": (spacing, timesteps) = (.plain, .leading)
        case let other?:
            notes.append("There is no schedule '\(other)' here; \(SigmaSpacing.karras.rawValue) is taken.")
            spacing = .karras
        }
        let spaced = spacing == .plain ? sampler.scheduler : "\(sampler.scheduler)-\(spacing.rawValue)"
        let found = SchedulerName.all.first { $0.name == spaced }
        if found == nil {
            notes.append("\(sampler.scheduler) has no \(spacing.rawValue) spacing of noise levels; its own is taken.")
        }
        let isFixed = found?.className == DPMSolverSinglestepSchedulerConfig.className
        return Scheduler(
            name: found?.name ?? sampler.scheduler, timestepSpacing: isFixed ? nil : timesteps, notes: notes)
    }
}
