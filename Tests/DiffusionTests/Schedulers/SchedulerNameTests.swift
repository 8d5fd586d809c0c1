import Diffusion
import TensorStore
import Testing

@Suite struct SchedulerNameTests {
    /// Stable Diffusion 1.5's, as published.
    private let pndm = """
        {"_class_name": "PNDMScheduler", "_diffusers_version": "0.6.0", "beta_end": 0.012, "beta_schedule": "scaled_linear",
         "beta_start": 0.00085, "num_train_timesteps": 1000, "set_alpha_to_one": false, "skip_prk_steps": true,
         "steps_offset": 1, "trained_betas": null, "clip_sample": false}
        """

    private func named(
        _ name: String, _ override: SchedulerOptionsOverride = .init(), from text: String? = nil
    ) throws -> SchedulerConfig {
        try .named(name, from: JSONValue(parsing: (text ?? pndm).utf8), file: "scheduler_config.json", overriding: override)
    }

    @Test func anotherClassTakesTheOptionsThatItShares() throws {
        var ddim = DDIMSchedulerConfig()
        ddim.betaStart = 0.00085
        ddim.betaEnd = 0.012
        ddim.betaSchedule = .scaledLinear
        ddim.stepsOffset = 1
        ddim.setAlphaToOne = false
        ddim.clipSample = false
        #expect(try named("ddim") == SchedulerConfig(ddim))
        #expect(try named("DDIMScheduler") == SchedulerConfig(ddim))

        // The file says nothing of spacing: the class's own default.
        let euler = try #require(try named("euler").options as? EulerDiscreteSchedulerConfig)
        #expect(euler.timestepSpacing == .linspace)
        #expect(euler.betaSchedule == .scaledLinear)
        #expect(euler.stepsOffset == 1)
    }

    @Test(arguments: SchedulerName.all) func eachNameAndAliasIsAScheduler(_ name: SchedulerName) throws {
        let config = try named(name.name)
        #expect(config.className == name.className)
        for alias in name.aliases + [name.name.uppercased()] { #expect(try named(alias) == config) }
        var scheduler = try config.scheduler(ScheduleRequest(.count(5)))
        let latents = try Tensor(zeros: [1, 4, 2, 2])
        for index in scheduler.timesteps.indices {
            let step = try scheduler.step(index, output: latents, sample: latents, noise: latents)
            #expect(try step.previous.elements(as: Float.self).allSatisfy { $0 == 0 })
        }
    }

    @Test func namesSetOptions() throws {
        let solver = try #require(try named("dpm++-sde-karras").options as? DPMSolverMultistepSchedulerConfig)
        #expect(solver.algorithmType == .sdeDPMSolverPlusPlus)
        #expect(solver.sigmas.useKarrasSigmas)
        #expect(solver.solverOrder == 2)
        let plain = #"{"_class_name": "EulerDiscreteScheduler", "use_karras_sigmas": true}"#
        #expect(try named("euler", from: plain).options.equalsKarras(false))
        #expect(try named("EulerDiscreteScheduler", from: plain).options.equalsKarras(true))
    }

    /// A name says how σ are spaced, whatever the file says.
    @Test func namesSwitchTheRulesOfSigmas() throws {
        let file = #"{"_class_name": "LMSDiscreteScheduler", "use_beta_sigmas": true}"#
        func rules(_ name: String, _ override: SchedulerOptionsOverride = .init()) throws -> [Bool] {
            let sigmas = try #require(try named(name, override, from: file).options as? LMSDiscreteSchedulerConfig).sigmas
            return [sigmas.useKarrasSigmas, sigmas.useExponentialSigmas, sigmas.useBetaSigmas]
        }
        #expect(try rules("lms") == [false, false, false])
        #expect(try rules("lms-karras") == [true, false, false])
        #expect(try rules("LMS exponential") == [false, true, false])
        #expect(try rules("lms-beta") == [false, false, true])
        #expect(try rules("LMSDiscreteScheduler") == [false, false, true])
        var override = SchedulerOptionsOverride()
        #expect(override.sigmaSpacing == nil)
        for spacing in SigmaSpacing.allCases {
            override.sigmaSpacing = spacing
            #expect(override.sigmaSpacing == spacing)
            let expected = [SigmaSpacing.karras, .exponential, .beta].map { $0 == spacing }
            #expect(try rules("lms-karras", override) == expected && rules("LMSDiscreteScheduler", override) == expected)
        }
        // One rule given alone switches the others off.
        override = .init(useKarrasSigmas: true)
        #expect(try rules("LMSDiscreteScheduler", override) == [true, false, false])
        // A class without these rules is plain; only another rule is refused.
        override.sigmaSpacing = .plain
        #expect(throws: Never.self) { try named("ddim", override) }
        override.sigmaSpacing = .beta
        #expect(throws: SchedulerError.notAnOption("use_beta_sigmas", className: "DDIMScheduler")) { try named("ddim", override) }
        #expect(throws: SchedulerError.notAnOption("timestep_spacing", className: "DPMSolverSinglestepScheduler")) {
            try named("dpm++-2s", .init(timestepSpacing: .trailing))
        }
    }

    @Test func overridesWinOverNameAndFile() throws {
        let override = SchedulerOptionsOverride(
            timestepSpacing: .trailing, useKarrasSigmas: true, predictionType: .vPrediction, rescaleBetasZeroSNR: true)
        let euler = try #require(try named("euler", override).options as? EulerDiscreteSchedulerConfig)
        #expect(euler.timestepSpacing == .trailing)
        #expect(euler.sigmas.useKarrasSigmas)
        #expect(euler.predictionType == .vPrediction)
        #expect(euler.rescaleBetasZeroSNR)
        let own = try SchedulerConfig(
            json: JSONValue(parsing: pndm.utf8), file: "f", overriding: .init(timestepSpacing: .linspace))
        #expect(own.className == "PNDMScheduler")
        #expect(own.options.base.timestepSpacing == .linspace)
    }

    @Test func anOptionThatTheClassLacksIsNamed() {
        #expect(throws: SchedulerError.notAnOption("use_karras_sigmas", className: "DDIMScheduler")) {
            try named("ddim", .init(useKarrasSigmas: true))
        }
        #expect(throws: SchedulerError.notAnOption("rescale_betas_zero_snr", className: "PNDMScheduler")) {
            try named("pndm", .init(rescaleBetasZeroSNR: true))
        }
    }

    @Test func unknownNamesAreToldWithSimilarAndKnownOnes() {
        let error = #expect(throws: SchedulerError.self) { try named("eulr") }
        #expect(error?.description.contains("No scheduler is called 'eulr'; similar are: euler") == true)
        #expect(error?.description.contains("Known are ddim, ddpm, deis, dpm++") == true)
        let stranger = #expect(throws: SchedulerError.self) { try named("xyz") }
        #expect(stranger?.description.hasPrefix("No scheduler is called 'xyz'. Known are ddim") == true)
    }
}

extension SchedulerClassConfig {
    fileprivate func equalsKarras(_ value: Bool) -> Bool {
        (self as? EulerDiscreteSchedulerConfig)?.sigmas.useKarrasSigmas == value
    }
}
