import Diffusion
import TensorStore
import Testing

/// What diffusers refuses, or comes to NaN with, or what is not supported: each says so by name.
@Suite struct SchedulerRefusalTests {
    private func scheduler(
        _ name: String, _ options: String = "", _ request: ScheduleRequest = .init(.count(6))
    ) throws -> any Scheduler {
        try SchedulerConfig.named(name, from: JSONValue(parsing: "{\(options)}".utf8), file: "f").scheduler(request)
    }

    @Test(arguments: [
        ("euler", #""interpolation_type": "log_linear""#, "interpolation_type"),
        ("euler", #""timestep_type": "continuous", "prediction_type": "v_prediction""#, "timestep_type"),
        ("EulerDiscreteScheduler", #""use_karras_sigmas": true, "use_exponential_sigmas": true"#, "use_exponential_sigmas"),
        ("LMSDiscreteScheduler", #""use_exponential_sigmas": true, "use_beta_sigmas": true"#, "use_beta_sigmas"),
        ("heun-beta", #""sigma_max": -1"#, "sigma_max"),
        ("euler-karras", #""sigma_min": 0"#, "sigma_min"),
        ("euler-a", #""prediction_type": "sample""#, "prediction_type"),
        ("pndm", #""prediction_type": "sample""#, "prediction_type"),
        ("dpm2", #""prediction_type": "sample""#, "prediction_type"),
        ("dpm2-a", #""prediction_type": "sample""#, "prediction_type"),
        ("deis", #""prediction_type": "flow_prediction""#, "prediction_type"),
        ("heun", #""beta_schedule": "exp""#, "beta_schedule"),
        ("ddpm", #""variance_type": "learned_range""#, "variance_type"),
        ("ddpm", #""variance_type": "fixed_large_log""#, "variance_type"),
        ("ddpm", #""beta_schedule": "sigmoid""#, "beta_schedule"),
        ("ddim", #""steps_offset": 1001"#, "steps_offset"),
        ("ddim", #""steps_offset": 200"#, "steps_offset"),
        ("dpm++", #""use_flow_sigmas": true"#, "use_flow_sigmas"),
        ("dpm++", #""prediction_type": "flow_prediction""#, "prediction_type"),
        ("dpm++", #""variance_type": "learned""#, "variance_type"),
        ("dpm++", #""final_sigmas_type": "none""#, "final_sigmas_type"),
        ("dpm++", #""lambda_min_clipped": 100"#, "lambda_min_clipped"),
        ("DPMSolverMultistepScheduler", #""algorithm_type": "dpmsolver""#, "final_sigmas_type"),
        ("DPMSolverMultistepScheduler", #""solver_order": 4"#, "solver_order"),
        (
            "DPMSolverMultistepScheduler",
            #""algorithm_type": "sde-dpmsolver", "solver_order": 3, "final_sigmas_type": "sigma_min""#, "solver_order"
        ),
        ("unipc", #""solver_p": {}"#, "solver_p"),
        ("unipc", #""solver_order": 0"#, "solver_order"),
        ("unipc", #""disable_corrector": [0.5]"#, "disable_corrector"),
        ("unipc", #""predict_x0": false"#, "final_sigmas_type"),
        ("unipc", #""lower_order_final": false"#, "lower_order_final"),
        ("tcd", #""beta_start": 2"#, "beta_start"),
    ])
    func optionsAreRefusedByName(_ name: String, _ options: String, _ key: String) {
        #expect {
            try scheduler(name, options)
        } throws: { error in
            guard case .option(key, expected: _, found: _, file: _) = error as? SchedulerError else { return false }
            return true
        }
    }

    /// A class's own file says what it means; only another class's words are left out.
    @Test(arguments: [
        ("DEISMultistepScheduler", #""algorithm_type": "sde-dpmsolver++""#, "algorithm_type"),
        ("DEISMultistepScheduler", #""solver_type": "rk4""#, "solver_type"),
        ("DEISMultistepScheduler", #""solver_order": 4"#, "solver_order"),
        ("DPMSolverSinglestepScheduler", #""algorithm_type": "sde-dpmsolver""#, "algorithm_type"),
        ("DPMSolverSinglestepScheduler", #""algorithm_type": "dpmsolver""#, "final_sigmas_type"),
        ("DPMSolverSinglestepScheduler", #""solver_order": 4"#, "solver_order"),
        ("DPMSolverSinglestepScheduler", #""use_flow_sigmas": true"#, "use_flow_sigmas"),
        ("UniPCMultistepScheduler", #""use_dynamic_shifting": true"#, "use_dynamic_shifting"),
    ])
    func ownFilesAreRefusedByName(_ className: String, _ options: String, _ key: String) {
        #expect {
            let json = try JSONValue(parsing: #"{"_class_name": "\#(className)", \#(options)}"#.utf8)
            _ = try SchedulerConfig(json: json, file: "f").scheduler(.init(.count(6)))
        } throws: { error in
            guard case .option(key, expected: _, found: _, file: _) = error as? SchedulerError else { return false }
            return true
        }
    }

    @Test(arguments: ["ddim", "pndm", "euler-a", "unipc", "lms", "dpm2", "dpm2-a", "deis"])
    func timestepsByHandAreForThoseThatTakeThem(_ name: String) throws {
        let className = try SchedulerConfig.named(name, from: nil, file: "f").className
        #expect(throws: SchedulerError.timestepsNotSupported(className: className)) {
            try scheduler(name, "", .init(.timesteps([999, 3])))
        }
    }

    @Test(arguments: ["euler-karras", "heun-karras", "dpm++-karras", "dpm++-2s-karras"])
    func timestepsByHandDoNotGoWithKarras(_ name: String) {
        #expect(throws: SchedulerError.timestepsWithSpacedSigmas(option: "use_karras_sigmas")) {
            try scheduler(name, "", .init(.timesteps([999, 3])))
        }
    }

    @Test(arguments: SchedulerName.all) func impossibleRequestsAreErrors(_ name: SchedulerName) {
        func expect(_ error: SchedulerError, _ request: ScheduleRequest) {
            #expect(throws: error) { try scheduler(name.name, "", request) }
        }
        expect(.steps(0), .init(.count(0)))
        expect(.strength(1.5), .init(.count(6), strength: 1.5))
        expect(.noSteps(of: 6, strength: 0.1), .init(.count(6), strength: 0.1))
        #expect(throws: SchedulerError.self) { try scheduler(name.name, "", .init(.count(.max))) }
        #expect(throws: SchedulerError.self) { try scheduler(name.name, "", .init(.timesteps([]))) }
        #expect(throws: SchedulerError.self) { try scheduler(name.name, "", .init(.timesteps([3, 5]))) }
        #expect(throws: SchedulerError.self) { try scheduler(name.name, "", .init(.timesteps([1000]))) }
    }

    @Test func strengthThatLeavesNoStepSaysWhatWouldDo() {
        #expect(
            SchedulerError.noSteps(of: 4, strength: 0.15).description
                == "Strength 0.15 leaves none of 4 steps. Take a strength of 0.25 or more, or 7 steps or more.")
        #expect(
            SchedulerError.noSteps(of: 3, strength: 0).description
                == "Strength 0.0 leaves none of 3 steps. Take a strength of 0.334 or more.")
    }

    @Test(arguments: [-0.1, 1.1, .nan]) func etaIsAShare(_ eta: Double) {
        for name in ["ddim", "tcd"] {
            let error = #expect(throws: SchedulerError.self) { try scheduler(name, "", .init(.count(4), eta: eta)) }
            #expect(error?.description.hasPrefix("eta must be from 0 to 1") == true)
        }
        #expect(throws: Never.self) { try scheduler("euler", "", .init(.count(4), eta: eta)) }
    }

    @Test func rungeKuttaNeedsFourSteps() {
        #expect(throws: SchedulerError.tooFewSteps(3, needed: 4, className: "PNDMScheduler")) {
            try scheduler("pndm", "", .init(.count(3)))
        }
    }

    @Test func stepsThatCoincideAreTooMany() throws {
        #expect(throws: SchedulerError.moreStepsThanTraining(1001, trained: 1000)) {
            try scheduler("euler", "", .init(.count(1001)))
        }
        #expect(throws: SchedulerError.moreStepsThanTraining(1000, trained: 1000)) {
            try scheduler("dpm++", #""timestep_spacing": "leading""#, .init(.count(1000)))
        }
        #expect(try scheduler("ddim", "", .init(.count(1000))).timesteps.count == 1000)
    }

    /// diffusers makes 62 of 61 steps, the last at -1, as 1000 / (1000 / 61) is more than 61.
    @Test(arguments: [61, 103, 999]) func trailingSpacingHasAsManyStepsAsAskedFor(_ count: Int) throws {
        for name in ["ddim", "ddpm", "euler", "euler-a", "dpm++", "unipc"] {
            let timesteps = try scheduler(name, #""timestep_spacing": "trailing""#, .init(.count(count))).timesteps
            #expect(timesteps.count == count)
            #expect(timesteps.allSatisfy { (0..<1000).contains($0) })
        }
    }

    /// Few training steps, and every number of steps up to theirs: a plan runs to its end, or is refused.
    @Test(arguments: SchedulerName.all) func shortTrainingsRunOrAreRefused(_ name: SchedulerName) throws {
        let latents = try Tensor([0.5, -1] as [Float], shape: [1, 2, 1, 1])
        for (trained, spacing, rescales) in [
            (1, "leading", false), (2, "trailing", true), (5, "linspace", false), (20, "leading", true), (20, "trailing", false),
            (23, "linspace", true),
        ] {
            let options = """
                "num_train_timesteps": \(trained), "timestep_spacing": "\(spacing)", "rescale_betas_zero_snr": \(rescales),
                "original_inference_steps": \(trained), "prediction_type": "v_prediction", "steps_offset": 1
                """
            for count in 1...trained {
                for strength in [1, 0.5] {
                    let request = ScheduleRequest(.count(count), strength: strength, eta: 0.5)
                    guard var scheduler = try? scheduler(name.name, options, request) else { continue }
                    #expect(!scheduler.timesteps.isEmpty)
                    for index in scheduler.timesteps.indices {
                        _ = try scheduler.addNoise(latents, to: latents, at: index)
                        _ = try scheduler.step(index, output: latents, sample: latents, noise: latents)
                    }
                }
            }
        }
        #expect(throws: Never.self) { try scheduler(name.name, #""num_train_timesteps": 60"#, .init(.count(5))) }
    }

    /// A reference that comes to NaN: the last step of `bh1` to no noise.
    @Test func bh1EndsFinite() throws {
        var scheduler = try scheduler("unipc", #""solver_type": "bh1""#, .init(.count(3)))
        var sample = try TorchNoise(seed: 1).drawn([1, 4, 2, 2])
        for index in scheduler.timesteps.indices {
            let step = try scheduler.step(index, output: sample, sample: sample, noise: nil)
            sample = step.previous
            if index == 2 { #expect(try step.denoised.elements(as: Float.self) == sample.elements()) }
        }
        #expect(try sample.elements(as: Float.self).allSatisfy(\.isFinite))
    }
}

extension TorchNoise {
    fileprivate func drawn(_ shape: Shape) throws -> Tensor {
        var source = self
        return try source.normal(shape)
    }
}
