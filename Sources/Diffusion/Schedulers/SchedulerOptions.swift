/// How the variance of the noise grows over the training steps.
public enum BetaSchedule: String, Sendable, CaseIterable {
    case linear
    /// Linear in the square root: what latent diffusion models are trained with.
    case scaledLinear = "scaled_linear"
    /// The cosine schedule of Nichol and Dhariwal 2021.
    case squaredcosCapV2 = "squaredcos_cap_v2"
}

/// What the network predicts.
public enum PredictionType: String, Sendable, CaseIterable {
    /// The noise.
    case epsilon
    /// The finished sample.
    case sample
    /// The velocity of Salimans and Ho 2022.
    case vPrediction = "v_prediction"
}

/// How timesteps spread over the training steps (Lin et al. 2023, table 2).
public enum TimestepSpacing: String, Sendable, CaseIterable {
    case leading, linspace, trailing
}

/// The noise that is left after the last step.
public enum FinalSigmas: String, Sendable, CaseIterable {
    case zero
    /// That of the first training step.
    case sigmaMin = "sigma_min"
}
