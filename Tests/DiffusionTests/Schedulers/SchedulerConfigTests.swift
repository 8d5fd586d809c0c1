@testable import Diffusion
import TensorStore
import Testing

@Suite struct SchedulerConfigTests {
    private let file = "scheduler/scheduler_config.json"

    private func config(_ text: String) throws -> LCMSchedulerConfig {
        let json = try JSONValue(parsing: text.utf8)
        return try #require(try SchedulerConfig(json: json, file: file).options as? LCMSchedulerConfig)
    }

    @Test func absentAndNullOptionsHaveTheDefaultsOfDiffusers() throws {
        #expect(try config(#"{"_class_name": "LCMScheduler"}"#) == LCMSchedulerConfig())
        #expect(
            try config(#"{"_class_name": "LCMScheduler", "trained_betas": null, "beta_end": null, "skip_prk_steps": 1}"#)
                == LCMSchedulerConfig())
    }

    @Test func everyOptionIsRead() throws {
        var expected = LCMSchedulerConfig()
        expected.numTrainTimesteps = 3
        expected.betaStart = 0.001
        expected.betaEnd = 0.02
        expected.betaSchedule = .squaredcosCapV2
        expected.trainedBetas = [0.1, 0.25, 0.5]
        expected.originalInferenceSteps = 2
        expected.clipSample = true
        expected.clipSampleRange = 2
        expected.setAlphaToOne = false
        expected.stepsOffset = 1
        expected.predictionType = .vPrediction
        expected.thresholding = true
        expected.dynamicThresholdingRatio = 0.9
        expected.sampleMaxValue = 1.5
        expected.timestepSpacing = .trailing
        expected.timestepScaling = 5
        expected.rescaleBetasZeroSNR = true
        let text = """
            {"_class_name": "LCMScheduler", "num_train_timesteps": 3, "beta_start": 0.001, "beta_end": 0.02,
             "beta_schedule": "squaredcos_cap_v2", "trained_betas": [0.1, 0.25, 0.5], "original_inference_steps": 2,
             "clip_sample": true, "clip_sample_range": 2, "set_alpha_to_one": false, "steps_offset": 1,
             "prediction_type": "v_prediction", "thresholding": true, "dynamic_thresholding_ratio": 0.9,
             "sample_max_value": 1.5, "timestep_spacing": "trailing", "timestep_scaling": 5.0,
             "rescale_betas_zero_snr": true}
            """
        #expect(try config(text) == expected)
    }

    @Test func otherClassesAreNamedWithThoseThatAreNearest() throws {
        let known = [
            "DDIMScheduler", "DDPMScheduler", "DEISMultistepScheduler", "DPMSolverMultistepScheduler",
            "DPMSolverSinglestepScheduler", "EulerAncestralDiscreteScheduler", "EulerDiscreteScheduler", "HeunDiscreteScheduler",
            "KDPM2AncestralDiscreteScheduler", "KDPM2DiscreteScheduler", "LCMScheduler", "LMSDiscreteScheduler", "PNDMScheduler",
            "TCDScheduler", "UniPCMultistepScheduler",
        ]
        #expect(SchedulerConfig.classNames == known)
        let error = #expect(
            throws: SchedulerError.unknownClass("IPNDMScheduler", near: ["pndm", "lms"], supported: known, file: file)
        ) {
            try config(#"{"_class_name": "IPNDMScheduler"}"#)
        }
        #expect(
            error?.description == """
                \(file) asks for the scheduler IPNDMScheduler, which is not supported. Choose another with --scheduler; nearest are \
                pndm, lms. Supported are: \(known.joined(separator: ", ")).
                """)
        // Of another library, with a name like one of ours, and without one.
        for (name, near) in [
            (#""EulerDiscretScheduler""#, ["euler"]), (#""MyOwn""#, ["euler", "dpm++", "ddim"]),
            ("null", ["euler", "dpm++", "ddim"]), ("3", ["euler", "dpm++", "ddim"]),
        ] {
            let error = #expect(throws: SchedulerError.self) { try config("{\"_class_name\": \(name)}") }
            guard case .unknownClass(_, let found, _, _) = error else {
                Issue.record("\(name)")
                continue
            }
            #expect(found == near)
        }
    }

    /// The relatives that errors offer are names that there are.
    @Test(arguments: ["SASolverScheduler", "DPMSolverSDEScheduler", "FlowMatchEulerDiscreteScheduler", "KarrasVeScheduler"])
    func offersCanBeChosen(_ className: String) throws {
        let near = SchedulerName.near(className: className)
        #expect(!near.isEmpty)
        let json = JSONValue.members([("_class_name", .string(className))])
        for name in near { #expect(throws: Never.self) { try SchedulerConfig.named(name, from: json, file: file) } }
    }

    @Test func aFileThatIsNoObjectIsAnError() {
        #expect(throws: SchedulerError.file(file, reason: "it must be an object in braces.")) { try config("[1]") }
    }

    @Test(arguments: [
        ("beta_schedule", #""exponential""#, "one of linear, scaled_linear, squaredcos_cap_v2"),
        ("prediction_type", #""flow""#, "one of epsilon, sample, v_prediction"),
        ("timestep_spacing", "3", "one of leading, linspace, trailing"),
        ("num_train_timesteps", "2.5", "a whole number"),
        ("beta_start", #""0.1""#, "a number"),
        ("clip_sample", "1", "true or false"),
        ("trained_betas", "[0.1, true]", "a list of numbers"),
        ("trained_betas", "0.1", "a list of numbers"),
    ])
    func valuesThatAreNotSupportedAreNamed(_ key: String, _ value: String, _ expected: String) {
        #expect {
            try config(#"{"_class_name": "LCMScheduler", "\#(key)": \#(value)}"#)
        } throws: { error in
            guard case .option(key, expected: expected, found: _, file: file) = error as? SchedulerError else { return false }
            return true
        }
    }

    /// The message quotes the value as the file has it.
    @Test func theMessageNamesOptionValueAndFile() {
        let error = #expect(throws: SchedulerError.self) {
            try config(#"{"_class_name": "LCMScheduler", "prediction_type": "flow"}"#)
        }
        #expect(
            error?.description
                == #"\#(file): prediction_type must be one of epsilon, sample, v_prediction; it is "flow"."#)
    }

    @Test func infinitiesOfPythonAreOptionsLeftOut() throws {
        let text =
            #"{"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": -Infinity, "note": "\"NaN", "x": [NaN,Infinity]}"#
        let json = try JSONValue(parsingPython: text.utf8)
        #expect(json["lambda_min_clipped"] == .null)
        #expect(json["note"] == "\"NaN")
        #expect(json["x"] == .array([.null, .null]))
        let config = try SchedulerConfig(json: json, file: file)
        #expect(config == SchedulerConfig(DPMSolverMultistepSchedulerConfig()))
        #expect(throws: JSONError.self) { try JSONValue(parsingPython: "{\"a\": Infinit}".utf8) }
        #expect(throws: JSONError.self) { try JSONValue(parsingPython: "{\"a\": \"\\".utf8) }
    }
}
