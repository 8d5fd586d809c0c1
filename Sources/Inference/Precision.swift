public import OpenVINO

extension CompileOptions {
    /// The precision of inference.
    public enum Precision: String, Sendable, Hashable, CaseIterable {
        /// The fastest precision of the device whose pictures can't be told from those of f32; see `named(on:_:)`.
        case auto
        case f32, f16, bf16
    }

    /// The precision that networks are compiled with: never `auto`.
    public var namedPrecision: Precision { precision.named(on: device) }

    /// The options with f32 in place of `auto`: for measures and calibration, whose results must not depend on the machine.
    public var withExactDefault: CompileOptions {
        var options = self
        if precision == .auto { options.precision = .f32 }
        return options
    }
}

extension CompileOptions.Precision {
    /// A measured case in which a 16-bit precision is faster than f32, at 45 dB or more from its pictures.
    private struct Rule {
        let device: String
        /// The feature of the processor that the rule is for; nil for other devices.
        let feature: String?
        let precision: CompileOptions.Precision
    }

    /// Everything else computes in f32: nothing faster was measured there.
    private static let rules = [
        // 2 cores with AMX, LCM Dreamshaper at 512×512 in 4 steps: 9.8 s, f32 24 s. The model in the repository: 51 to 54 dB.
        Rule(device: "CPU", feature: "amx_bf16", precision: .bf16),
        // The GPU's own default, from the vendor's documents; not measured.
        Rule(device: "GPU", feature: nil, precision: .f16),
    ]

    /// The precision that stands for `auto` on a device; any other precision is itself.
    public func named(on device: Device, _ processor: Processor = .current) -> Self {
        guard self == .auto else { return self }
        let rule = Self.rules.first { rule in
            (device.name == rule.device || device.name.hasPrefix("\(rule.device)."))
                && rule.feature.map(processor.features.contains) ?? true
        }
        return rule?.precision ?? .f32
    }

    /// Whether the device computes in this precision. A CPU without its instructions computes in f32 instead.
    public func isAvailable(on device: Device, _ processor: Processor = .current) -> Bool {
        guard device.name.hasPrefix("CPU") else { return true }
        switch self {
        case .auto, .f32: return true
        case .bf16: return !processor.features.isDisjoint(with: ["avx512_bf16", "amx_bf16"])
        case .f16: return !processor.features.isDisjoint(with: ["avx512_fp16", "amx_fp16"])
        }
    }
}
