/// The names that TAESD's own files give the tensors of an `AutoencoderTiny`.
///
/// Each half is one `nn.Sequential` there, in a file of its own (`3.conv.0.weight`) or under `taesd_decoder.` or `decoder.` in a
/// common one; diffusers puts both into one checkpoint (`decoder.layers.2.conv.0.weight`), and has no layer for the decoder's
/// clamp, which is layer 0 there: its numbers are one less. https://github.com/madebyollin/taesd
public enum TAESDNames {
    /// diffusers' name of a tensor of the decoder, `3.conv.0.weight` for instance; nil where it does not begin with a number.
    public static func decoder(_ name: String) -> String? {
        let parts = name.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let index = Int(parts[0]), index > 0 else { return nil }
        return "decoder.layers.\(index - 1).\(parts[1])"
    }

    /// The same of the encoder.
    public static func encoder(_ name: String) -> String? {
        let parts = name.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let index = Int(parts[0]), index >= 0 else { return nil }
        return "encoder.layers.\(index).\(parts[1])"
    }
}

extension Weights {
    /// The tensors of an `AutoencoderTiny` under diffusers' names, from one file that has one half of it, or both.
    /// - Returns: nil where the tensors are those of no such network.
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
