/// The name of a network's weights in a folder of diffusers or transformers: `model.safetensors`,
/// `diffusion_pytorch_model.fp16.safetensors`, `model-00001-of-00002.safetensors`, `model.safetensors.index.fp16.json` …
public struct CheckpointName: Sendable, Equatable {
    public enum Role: Sendable, Equatable {
        case whole, shard
        /// The index, which lists the shard of each tensor.
        case index
    }

    /// `diffusion_pytorch_model` or `model`.
    public let stem: String
    public let role: Role
    /// `fp16`, `non_ema` …; empty for the default one, which `from_pretrained` loads without `variant`.
    public let variant: String

    /// Parses a file name, with endings in any case.
    ///
    /// The variant may stand before or after `safetensors`, and after `index`: versions of the libraries differ.
    /// - Returns: nil for any other file.
    public init?(_ name: String) {
        var parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        func remove(_ part: String) -> Bool {
            guard let index = parts.dropFirst().lastIndex(where: { $0.lowercased() == part }) else { return false }
            parts.remove(at: index)
            return true
        }
        let ending = parts.last?.lowercased()
        guard remove("safetensors") else { return nil }
        var isShard = false
        switch ending {
        case "safetensors":
            for index in parts.indices {
                guard let whole = Self.withoutNumber(parts[index]) else { continue }
                (parts[index], isShard) = (whole, true)
            }
        case "json": guard remove("json"), remove("index") else { return nil }
        default: return nil
        }
        guard ["diffusion_pytorch_model", "model"].contains(parts[0]) else { return nil }
        stem = parts[0]
        role = ending == "json" ? .index : isShard ? .shard : .whole
        variant = parts.dropFirst().joined(separator: ".")
    }

    /// A part without `-00001-of-00002`, which follows either the stem or the variant; nil where it has none.
    private static func withoutNumber(_ part: String) -> String? {
        let words = part.split(separator: "-", omittingEmptySubsequences: false)
        guard words.count >= 4, words[words.count - 2] == "of",
            [words[words.count - 1], words[words.count - 3]].allSatisfy({ $0.count >= 4 && $0.allSatisfy(\.isNumber) })
        else { return nil }
        return words.dropLast(3).joined(separator: "-")
    }
}
