import TensorStore

/// The change of a LoRA to the weights of one module: factor · difference.
public struct LoRALayer: Sendable {
    /// DoRA's lengths (Liu et al. 2024, https://arxiv.org/abs/2402.09353), which the summed weights get.
    struct Magnitude: Sendable {
        enum Axis: Sendable { case outputs, inputs }

        let entry: TensorEntry
        /// The axis that has a length for each place: outputs, or inputs in files of LyCORIS before 3.0.
        let axis: Axis
    }

    public let network: AdaptedNetwork
    /// The module's name as the file spells it.
    public let module: String
    /// All keys of the layer in the file, sorted.
    public let keys: [String]
    let difference: any WeightDifference
    let magnitude: Magnitude?
    /// alpha / rank; 1 if the file has no alpha.
    public let factor: Float

    /// nil for a Kronecker product of two whole factors.
    public var rank: Int? { difference.rank }
    public var outputs: Int { difference.outputs }
    /// The inputs of each output, height and width of a kernel included.
    public var columns: Int { difference.columns }

    init(
        _ key: LoRAKey, _ parts: [LoRAKey.Part: TensorEntry], alpha: AdapterAlpha, file: String
    ) throws(LoRAError) {
        network = key.network
        module = key.module
        keys = parts.values.map(\.name).sorted()
        let tensors = try LayerTensors(parts, file: file)
        let isHadamard = [.hadaW1A, .hadaW1B, .hadaW2A, .hadaW2B].contains { tensors[$0] != nil }
        let isKronecker = [.lokrW1, .lokrW1A, .lokrW1B, .lokrW2, .lokrW2A, .lokrW2B].contains { tensors[$0] != nil }
        difference =
            if isHadamard {
                try HadamardProduct(tensors)
            } else if isKronecker {
                try KroneckerProduct(tensors)
            } else {
                try LowRankProduct(tensors)
            }
        magnitude = try Self.magnitude(tensors, outputs: difference.outputs, columns: difference.columns)

        guard let rank = difference.rank else {
            factor = 1
            return
        }
        if let entry = tensors[.alpha] {
            let tensor = try? entry.tensor().converted(to: .f32)
            guard entry.shape.checkedElementCount == 1, let value = try? tensor?.elements(as: Float.self).first, value.isFinite
            else { throw .alpha(key: entry.name, file: file) }
            // LyCORIS takes an alpha of 0 for the rank.
            factor = value == 0 && (isHadamard || isKronecker) ? 1 : value / Float(rank)
        } else {
            factor = alpha.factor(network, module, rank: rank)
        }
    }

    private static func magnitude(_ tensors: LayerTensors, outputs: Int, columns: Int) throws(LoRAError) -> Magnitude? {
        guard let entry = tensors[.magnitude] ?? tensors[.scale] else { return nil }
        let lengths = entry.shape.dimensions
        // Only axes of 1 beside that of the outputs. PEFT's convolutions have [1, outputs, 1, 1].
        let place = tensors[.magnitude] != nil && lengths.count == 4 && lengths[0] == 1 ? 1 : 0
        if lengths.count > place, lengths[place] == outputs, entry.shape.checkedElementCount == outputs {
            return Magnitude(entry: entry, axis: .outputs)
        }
        guard tensors[.scale] != nil, lengths.count >= 2, lengths[0] == 1, columns % lengths[1] == 0,
            entry.shape.checkedElementCount == lengths[1]
        else { throw tensors.refusal(entry, "one number for each of \(outputs) outputs, or [1, inputs]") }
        return Magnitude(entry: entry, axis: .inputs)
    }
}
