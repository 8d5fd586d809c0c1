import TensorStore

/// A table of a UNet's module names in CompVis' latent-diffusion and Stability's generative-models, and in diffusers, for both
/// directions. `input_blocks.1.0.in_layers.0` is `down_blocks.0.resnets.0.norm1`.
///
/// Both number blocks from input to output, but diffusers counts levels and layers separately. The numbers of layers and levels
/// are derived from the names of either layout, so that networks of any size are supported.
public struct CompVisUNetNames: Sendable {
    /// diffusers' names of modules, and of prefixes of modules, by CompVis' names.
    private var diffusersPaths: [String: String] = [:]
    /// CompVis' names by diffusers' names.
    private var compVisPaths: [String: String] = [:]
    private static let longestPath = 5

    private static let fixed = [
        ("input_blocks.0.0", "conv_in"), ("out.0", "conv_norm_out"), ("out.2", "conv_out"),
        ("time_embed.0", "time_embedding.linear_1"), ("time_embed.2", "time_embedding.linear_2"),
        ("time_embed.cond_proj", "time_embedding.cond_proj"), ("label_emb.0.0", "add_embedding.linear_1"),
        ("label_emb.0.2", "add_embedding.linear_2"), ("middle_block.0", "mid_block.resnets.0"),
        ("middle_block.1", "mid_block.attentions.0"), ("middle_block.2", "mid_block.resnets.1"),
    ]
    /// Additional diffusers' names of modules that have one name in CompVis' layout.
    private static let synonyms = [
        ("label_emb.0.0", "class_embedding.linear_1"), ("label_emb.0.2", "class_embedding.linear_2"),
    ]
    /// Modules within a residual block.
    private static let residual = [
        ("in_layers.0", "norm1"), ("in_layers.2", "conv1"), ("emb_layers.1", "time_emb_proj"), ("out_layers.0", "norm2"),
        ("out_layers.3", "conv2"), ("skip_connection", "conv_shortcut"),
    ]

    private init() {
        for (compVis, diffusers) in Self.fixed { add(compVis, diffusers) }
        for (compVis, diffusers) in Self.synonyms { compVisPaths[diffusers] = compVis }
    }

    private mutating func add(_ compVis: String, _ diffusers: String) {
        diffusersPaths[compVis] = diffusers
        compVisPaths[diffusers] = compVis
    }

    private mutating func addLayer(_ compVis: String, _ block: String, _ layer: Int) {
        add("\(compVis).0", "\(block).resnets.\(layer)")
        add("\(compVis).1", "\(block).attentions.\(layer)")
    }

    /// Whether a dotted name begins like CompVis' names.
    public static func isCompVis(_ name: String) -> Bool {
        ["input_blocks.", "middle_block.", "output_blocks.", "time_embed.", "label_emb."].contains { name.hasPrefix($0) }
    }

    // MARK: From names of either layout

    /// - Parameter names: the names of all tensors of the UNet in CompVis' layout, without `model.diffusion_model.`.
    public init(compVisTensors names: some Sequence<String>) {
        let names = Set(names)
        self.init()
        var (level, layer) = (0, 0)
        for block in 1... {
            let path = "input_blocks.\(block)"
            if names.contains("\(path).0.op.weight") {
                add("\(path).0.op", "down_blocks.\(level).downsamplers.0.conv")
                (level, layer) = (level + 1, 0)
            } else if names.contains("\(path).0.in_layers.0.weight") {
                addLayer(path, "down_blocks.\(level)", layer)
                layer += 1
            } else {
                break
            }
        }
        (level, layer) = (0, 0)
        for block in 0... {
            let path = "output_blocks.\(block)"
            guard names.contains("\(path).0.in_layers.0.weight") else { break }
            addLayer(path, "up_blocks.\(level)", layer)
            layer += 1
            // After the attention, or in its place at a level without attention.
            for place in 1...2 where names.contains("\(path).\(place).conv.weight") {
                add("\(path).\(place).conv", "up_blocks.\(level).upsamplers.0.conv")
                (level, layer) = (level + 1, 0)
            }
        }
    }

    /// - Parameter paths: the paths of all modules in diffusers' layout.
    public init(diffusersModules paths: some Sequence<String>) {
        self.init()
        var (down, up): ([Int: Block], [Int: Block]) = ([:], [:])
        for path in paths {
            let parts = path.split(separator: ".")
            guard parts.count > 3, let index = Self.number(parts[1]), let layer = Self.number(parts[3]) else { continue }
            if parts[0] == "down_blocks" { down[index, default: Block()].add(parts[2], layer) }
            if parts[0] == "up_blocks" { up[index, default: Block()].add(parts[2], layer) }
        }
        // conv_in is the first input block.
        var place = 1
        for index in 0...(down.keys.max() ?? 0) {
            let block = down[index] ?? Block()
            for layer in 0..<block.layers { addLayer("input_blocks.\(place + layer)", "down_blocks.\(index)", layer) }
            place += block.layers
            guard block.resamples else { continue }
            add("input_blocks.\(place).0.op", "down_blocks.\(index).downsamplers.0.conv")
            place += 1
        }
        place = 0
        for index in 0...(up.keys.max() ?? 0) {
            let block = up[index] ?? Block()
            for layer in 0..<block.layers { addLayer("output_blocks.\(place + layer)", "up_blocks.\(index)", layer) }
            place += block.layers
            guard block.resamples else { continue }
            add("output_blocks.\(place - 1).\(block.hasAttention ? 2 : 1).conv", "up_blocks.\(index).upsamplers.0.conv")
        }
    }

    /// A block of diffusers' layout.
    private struct Block {
        /// Residual blocks.
        var layers = 0
        var hasAttention = false
        /// Whether the block changes the size at its end.
        var resamples = false

        mutating func add(_ kind: some StringProtocol, _ layer: Int) {
            switch kind {
            case "resnets": layers = max(layers, layer + 1)
            case "attentions": hasAttention = true
            default: resamples = true
            }
        }
    }

    /// The number of a block or layer; no network has thousands.
    private static func number(_ text: some StringProtocol) -> Int? { Int(text).flatMap { 0..<1000 ~= $0 ? $0 : nil } }

    // MARK: Names

    /// diffusers' name of a module or of a tensor in it; the name itself where both layouts agree.
    public func diffusersName(of name: String) -> String {
        guard let (path, rest) = Self.longest(name, in: diffusersPaths) else { return name }
        guard path.contains(".resnets."), !rest.isEmpty else { return Self.joined(path, rest) }
        let inner = Self.replaced(rest, Self.residual.map { ($0.0, $0.1) })
        return Self.joined(path, inner ?? rest)
    }

    /// CompVis' name of a module; nil where it has none.
    public func compVisName(of module: String) -> String? {
        guard let (path, rest) = Self.longest(module, in: compVisPaths) else { return nil }
        guard module.contains(".resnets.") else { return Self.joined(path, rest) }
        return Self.replaced(rest, Self.residual.map { ($0.1, $0.0) }).map { Self.joined(path, $0) }
    }

    /// The entry for the longest path that `name` begins with, and the rest of the name: `output_blocks.2.1.conv` does not belong
    /// to the attention `output_blocks.2.1`.
    private static func longest(_ name: String, in paths: [String: String]) -> (path: String, rest: String)? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        for length in stride(from: min(longestPath, parts.count), through: 1, by: -1) {
            if let path = paths[parts[..<length].joined(separator: ".")] {
                return (path, parts[length...].joined(separator: "."))
            }
        }
        return nil
    }

    /// `rest` with its first module renamed; nil where it is not in `table`.
    private static func replaced(_ rest: String, _ table: [(String, String)]) -> String? {
        for (old, new) in table where rest == old || rest.hasPrefix("\(old).") { return new + rest.dropFirst(old.count) }
        return nil
    }

    private static func joined(_ path: String, _ rest: String) -> String { rest.isEmpty ? path : "\(path).\(rest)" }
}

extension Weights {
    /// A UNet's tensors with diffusers' names, from either layout.
    public func namingUNetAsDiffusers() -> Weights {
        guard contains("input_blocks.0.0.weight") else { return self }
        let names = CompVisUNetNames(compVisTensors: entries.keys)
        return renamed { names.diffusersName(of: $0) }
    }
}
