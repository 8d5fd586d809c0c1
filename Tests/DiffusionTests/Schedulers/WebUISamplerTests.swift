import Diffusion
import TensorStore
import Testing

@Suite struct WebUISamplerTests {
    private func scheduler(_ name: String, _ type: String? = nil) -> WebUISampler.Scheduler? {
        WebUISampler(name: name, scheduleType: type).scheduler
    }

    /// Each of our names has a name there, by which it is found again.
    @Test(arguments: SchedulerName.all) func namesComeBack(_ name: SchedulerName) throws {
        let config = try SchedulerConfig.named(name.name, from: nil, file: "f")
        let found = try #require(WebUISampler(config).scheduler)
        let again = try SchedulerConfig.named(
            found.name, from: nil, file: "f", overriding: .init(timestepSpacing: found.timestepSpacing))
        #expect(again.className == config.className)
        if WebUISampler(config).scheduleType != nil {
            #expect(again == config)
            #expect(WebUISampler(again) == WebUISampler(config))
        }
    }

    @Test(arguments: [
        ("euler-a", "Euler a", "Uniform"), ("dpm++-karras", "DPM++ 2M", "Karras"), ("dpm++-sde", "DPM++ 2M SDE", "Uniform"),
        ("dpm++-3m-sde-exponential", "DPM++ 3M SDE", "Exponential"), ("dpm2-a-karras", "DPM2 a", "Karras"),
        ("heun-beta", "Heun", "Beta"), ("lms", "LMS", "Uniform"), ("dpm++-2s-sde-karras", "DPM++ SDE", "Karras"),
        ("ddim", "DDIM", nil), ("pndm", "PLMS", nil), ("lcm", "LCM", nil), ("unipc-karras", "UniPC", nil),
        ("deis", "DEIS", nil), ("dpm++-2s", "DPMSolverSinglestep", nil),
    ])
    func ours(_ name: String, _ sampler: String, _ type: String?) throws {
        let config = try SchedulerConfig.named(name, from: nil, file: "f")
        #expect(WebUISampler(config) == WebUISampler(name: sampler, scheduleType: type))
    }

    @Test func spacedTimesteps() throws {
        func type(_ spacing: TimestepSpacing) throws -> String? {
            WebUISampler(try SchedulerConfig.named("euler", from: nil, file: "f", overriding: .init(timestepSpacing: spacing)))
                .scheduleType
        }
        #expect(try TimestepSpacing.allCases.map { try type($0) } == ["DDIM", "Uniform", "SGM Uniform"])
    }

    @Test(
        arguments: [
            ("Euler a", nil, "euler-a", TimestepSpacing.linspace), ("DPM++ 2M Karras", nil, "dpm++-karras", .linspace),
            ("DPM++ 2M", "Automatic", "dpm++-karras", .linspace), ("DPM++ 2M", "Uniform", "dpm++", .linspace),
            ("DPM++ 2M SDE", nil, "dpm++-sde-exponential", .linspace),
            ("dpm++ 2m sde exponential", nil, "dpm++-sde-exponential", .linspace),
            ("Euler", "SGM Uniform", "euler", .trailing), ("Euler", "Simple", "euler", .trailing),
            ("LMS", "Beta", "lms-beta", .linspace),
            ("Heun", "Polyexponential", "heun-exponential", .linspace), ("Euler", "DDIM", "euler", .leading),
            ("DDIM", nil, "ddim", .leading), ("PLMS", nil, "pndm", .leading), ("UniPC", "Karras", "unipc", nil),
            ("LCM", "Automatic", "lcm", nil), ("dpm++-2s", nil, "dpm++-2s", nil), ("EulerDiscreteScheduler", nil, "euler", nil),
        ] as [(String, String?, String, TimestepSpacing?)])
    func theirs(_ sampler: String, _ type: String?, _ name: String, _ spacing: TimestepSpacing?) throws {
        let found = try #require(scheduler(sampler, type))
        #expect(found.name == name && found.timestepSpacing == spacing && found.notes.isEmpty)
    }

    /// The nearest, with a note; a name that is none is none.
    @Test func samplersThatAreNotHere() {
        #expect(scheduler("DPM++ SDE Karras")?.notes == ["There is no sampler 'DPM++ SDE' here; the nearest is dpm++-2s-sde."])
        #expect(scheduler("DPM adaptive")?.name == "dpm++")
        #expect(scheduler("Euler", "KL Optimal")?.notes == ["There is no schedule 'kl optimal' here; karras is taken."])
        #expect(scheduler("Euler a", "Karras")?.notes == ["euler-a has no karras spacing of noise levels; its own is taken."])
        for name in ["", " ", " karras", "Sampler", "Euler  a", String(repeating: "x", count: 100_000)] {
            #expect(scheduler(name) == nil)
        }
    }
}
