/// The networks of a model that a LoRA may change.
public enum AdaptedNetwork: String, Sendable, Hashable, CaseIterable {
    case unet
    case textEncoder = "text_encoder"
    /// SDXL's second text encoder.
    case textEncoder2 = "text_encoder_2"

    /// First components of module names in the network. Names in files and exported graphs may have a prefix before them.
    var roots: Set<String> {
        switch self {
        case .unet:
            [
                "conv_in", "time_embedding", "add_embedding", "class_embedding", "encoder_hid_proj", "down_blocks", "mid_block",
                "up_blocks", "conv_out",
            ]
        case .textEncoder, .textEncoder2: ["encoder", "text_projection"]
        }
    }

    /// The part of a dotted name from the first component in `roots` on; nil if no component is in `roots`.
    func path(in name: some StringProtocol) -> String? {
        let components = name.split(separator: ".", omittingEmptySubsequences: false)
        guard let first = components.firstIndex(where: { roots.contains(String($0)) }) else { return nil }
        return components[first...].joined(separator: ".")
    }
}

extension AdaptedNetwork: CustomStringConvertible {
    public var description: String { rawValue }
}
