public import TensorStore

extension CalibrationRun {
    /// What a decoder is calibrated on: latents as they are, and half again as large.
    ///
    /// A few prompts do not have the strongest colours and contrasts that a model can draw, and an activation beyond what was seen
    /// is cut off, which costs tens of decibels; a range that is somewhat too wide costs one or two.
    public static func decoderLatents(_ latents: [Tensor]) throws -> [Tensor] {
        try latents.flatMap { one in
            [one, try Tensor(one.elements(as: Float.self).map { 1.5 * $0 }, shape: one.shape)]
        }
    }
}
