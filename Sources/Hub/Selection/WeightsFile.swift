/// A file of weights whose name says what it is: `model.safetensors`, `diffusion_pytorch_model.fp16.safetensors`,
/// `model-00001-of-00002.safetensors`, `diffusion_pytorch_model.safetensors.index.json` …
struct WeightsFile {
    enum Role: Equatable {
        case whole, shard
        /// The file that says which tensor is in which shard.
        case index
    }

    /// The names that diffusers and transformers save under.
    static let stems: Set = ["diffusion_pytorch_model", "model"]

    let remote: RemoteFile
    let role: Role
    /// `""` for the weights as `from_pretrained` loads them without being asked for a variant.
    let variant: String

    /// - Returns: nil for any other file.
    init?(_ file: RemoteFile) {
        remote = file
        let infix = ".safetensors"
        if file.name.hasSuffix(infix) {
            guard let (variant, isShard) = Self.variant(of: file.name.dropLast(infix.count)) else { return nil }
            self.variant = variant
            role = isShard ? .shard : .whole
            return
        }
        // The variant stands before `.safetensors` or, as older versions wrote it, after `.index`.
        guard file.name.hasSuffix(".json"), let index = file.name.firstRange(of: "\(infix).index"),
            let (before, _) = Self.variant(of: file.name[..<index.lowerBound])
        else { return nil }
        let after = file.name[index.upperBound...].dropLast(".json".count)
        guard after.isEmpty || after.hasPrefix(".") else { return nil }
        variant = before.isEmpty ? String(after.dropFirst()) : before
        role = .index
    }

    /// The variant in a name without extension, and whether it is of a shard; nil where it begins with no known stem.
    private static func variant(of name: Substring) -> (variant: String, isShard: Bool)? {
        var isShard = false
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map { part in
            // `-00001-of-00002` ends either the stem or the variant.
            let words = part.split(separator: "-", omittingEmptySubsequences: false)
            guard words.count >= 4, words[words.count - 2] == "of",
                [words[words.count - 1], words[words.count - 3]].allSatisfy({ $0.count >= 4 && $0.allSatisfy(\.isNumber) })
            else { return String(part) }
            isShard = true
            return words.dropLast(3).joined(separator: "-")
        }
        guard let stem = parts.first, stems.contains(stem) else { return nil }
        return (parts.dropFirst().joined(separator: "."), isShard)
    }
}
