/// Names that modules of a UNet have in CompVis' code, with which single-file checkpoints and many LoRAs are published.
///
/// There the blocks are numbered through: `input_blocks.4.1` is whatever comes fifth. How many layers each block has is read from
/// the names of the network's own modules, so that networks with blocks left out are numbered as they are.
struct CompVisNames {
    /// Of each block, how many residual blocks it has, whether there are transformers, and whether the size changes after it.
    private struct Block {
        var layers = 0
        var hasAttention = false
        var resamples = false
    }

    private var down: [Int: Block] = [:]
    private var up: [Int: Block] = [:]

    /// - Parameter paths: of all modules, in diffusers' names.
    init(_ paths: some Sequence<String>) {
        for path in paths {
            let parts = path.split(separator: ".")
            guard parts.count > 3, let index = Self.number(parts[1]), let layer = Self.number(parts[3]) else { continue }
            func note(_ block: inout Block) {
                switch parts[2] {
                case "resnets": block.layers = max(block.layers, layer + 1)
                case "attentions": block.hasAttention = true
                default: block.resamples = true
                }
            }
            if parts[0] == "down_blocks" { note(&down[index, default: Block()]) }
            if parts[0] == "up_blocks" { note(&up[index, default: Block()]) }
        }
    }

    /// The number of a block or layer, of which no network has thousands.
    private static func number(_ text: some StringProtocol) -> Int? { Int(text).flatMap { 0..<1000 ~= $0 ? $0 : nil } }

    /// Whether a dotted name begins as CompVis' do.
    static func isOne(_ name: String) -> Bool {
        ["input_blocks.", "middle_block.", "output_blocks.", "time_embed.", "label_emb."].contains { name.hasPrefix($0) }
    }

    private static let others = [
        "conv_in": "input_blocks.0.0", "conv_out": "out.2", "time_embedding.linear_1": "time_embed.0",
        "time_embedding.linear_2": "time_embed.2", "add_embedding.linear_1": "label_emb.0.0",
        "add_embedding.linear_2": "label_emb.0.2", "class_embedding.linear_1": "label_emb.0.0",
        "class_embedding.linear_2": "label_emb.0.2",
    ]
    private static let resnet = [
        "conv1": "in_layers.2", "conv2": "out_layers.3", "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection",
    ]

    /// CompVis' name of the module; nil for one that has none.
    func name(of path: String) -> String? {
        if let other = Self.others[path] { return other }
        let parts = path.split(separator: ".").map(String.init)
        guard let block = parts.first else { return nil }
        if block == "mid_block" {
            guard parts.count > 3, let layer = Self.number(parts[2]), let rest = inner(parts[1], parts.dropFirst(3)) else {
                return nil
            }
            return "middle_block.\(parts[1] == "attentions" ? 1 + 2 * layer : 2 * layer).\(rest)"
        }
        guard parts.count > 4, let index = Self.number(parts[1]), let layer = Self.number(parts[3]) else { return nil }
        let rest = inner(parts[2], parts.dropFirst(4))
        switch (block, parts[2]) {
        case ("down_blocks", "downsamplers"):
            // conv_in is the first of all.
            return "input_blocks.\(1 + inputs(before: index) + (down[index]?.layers ?? 0)).0.op"
        case ("down_blocks", _): return rest.map { "input_blocks.\(1 + inputs(before: index) + layer).\(slot(parts[2])).\($0)" }
        case ("up_blocks", "upsamplers"):
            return "output_blocks.\(outputs(before: index + 1) - 1).\(up[index]?.hasAttention == true ? 2 : 1).conv"
        case ("up_blocks", _): return rest.map { "output_blocks.\(outputs(before: index) + layer).\(slot(parts[2])).\($0)" }
        default: return nil
        }
    }

    private func slot(_ kind: String) -> Int { kind == "attentions" ? 1 : 0 }

    /// What a module is called inside its block.
    private func inner(_ kind: String, _ rest: ArraySlice<String>) -> String? {
        switch kind {
        case "resnets": rest.first.flatMap { Self.resnet[$0] }
        case "attentions": rest.joined(separator: ".")
        default: nil
        }
    }

    private func inputs(before index: Int) -> Int {
        (0..<max(0, index)).reduce(0) { $0 + (down[$1].map { $0.layers + ($0.resamples ? 1 : 0) } ?? 0) }
    }

    private func outputs(before index: Int) -> Int { (0..<max(0, index)).reduce(0) { $0 + (up[$1]?.layers ?? 0) } }
}
