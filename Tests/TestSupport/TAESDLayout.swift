/// The names that TAESD's own files give the tensors of an `AutoencoderTiny`.
///
/// Each half is one `nn.Sequential` there; diffusers puts both into one checkpoint, and has no layer for the decoder's clamp.
public enum TAESDLayout {
    /// diffusers' name of a tensor of the decoder's file, `3.conv.0.weight` for instance.
    public static func decoderName(_ name: String) -> String {
        let parts = name.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let index = Int(parts[0]) else { return name }
        return "decoder.layers.\(index - 1).\(parts[1])"
    }

    /// The same of the encoder's file.
    public static func encoderName(_ name: String) -> String { "encoder.layers.\(name)" }
}
