/// The tensor names of an `AutoencoderTiny` in TAESD's own files.
///
/// TAESD has each half as one `nn.Sequential`, in a file of its own (`3.conv.0.weight`) or under `taesd_decoder.` or `decoder.`
/// in a common file. diffusers has both halves in one checkpoint (`decoder.layers.2.conv.0.weight`). It has no layer for the
/// decoder's clamp, TAESD's layer 0, so that its numbers are one less. https://github.com/madebyollin/taesd
public enum TAESDNames {
    /// diffusers' name of a tensor of the decoder, such as `3.conv.0.weight`; nil for a name that does not begin with a number.
    public static func decoder(_ name: String) -> String? {
        let parts = name.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let index = Int(parts[0]), index > 0 else { return nil }
        return "decoder.layers.\(index - 1).\(parts[1])"
    }

    /// diffusers' name of a tensor of the encoder, likewise.
    public static func encoder(_ name: String) -> String? {
        let parts = name.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let index = Int(parts[0]), index >= 0 else { return nil }
        return "encoder.layers.\(index).\(parts[1])"
    }
}

extension Weights {
    /// The tensors of an `AutoencoderTiny` with diffusers' names, from one file with one or both halves.
    /// - Returns: nil for tensors of another network.
    public func namingTinyAutoencoderAsDiffusers() -> Weights? {
        if contains("decoder.layers.0.weight") || contains("encoder.layers.0.weight") { return self }
        // One half: decoders begin with the clamp, which has no tensors.
        if contains("1.weight"), !contains("0.weight"), contains("3.conv.0.weight") {
            return renamed { TAESDNames.decoder($0) ?? $0 }
        }
        if contains("0.weight"), contains("1.conv.0.weight") { return renamed { TAESDNames.encoder($0) ?? $0 } }
        for (decoder, encoder) in [("taesd_decoder.", "taesd_encoder."), ("decoder.", "encoder.")] {
            guard contains("\(decoder)1.weight") || contains("\(encoder)0.weight") else { continue }
            return renamed { name in
                if name.hasPrefix(decoder) { return TAESDNames.decoder(String(name.dropFirst(decoder.count))) ?? name }
                if name.hasPrefix(encoder) { return TAESDNames.encoder(String(name.dropFirst(encoder.count))) ?? name }
                return name
            }
        }
        return nil
    }
}
