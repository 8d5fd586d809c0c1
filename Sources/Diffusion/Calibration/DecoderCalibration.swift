public import TensorStore

extension CalibrationRun {
    /// The latents to calibrate a decoder with: the given latents, and the same latents times 1.5.
    ///
    /// A few prompts do not reach the strongest colours and contrasts that a model can draw. An activation beyond the calibrated
    /// range is clipped, which costs tens of decibels; a range that is somewhat too wide costs one or two.
    public static func decoderLatents(_ latents: [Tensor]) throws -> [Tensor] {
        try latents.flatMap { one in
            [one, try Tensor(one.elements(as: Float.self).map { 1.5 * $0 }, shape: one.shape)]
        }
    }
}
