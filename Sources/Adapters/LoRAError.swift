public import TensorStore

/// Errors of reading a LoRA and of applying it to a network.
public enum LoRAError: Error, Equatable, Sendable {
    /// The file can't be read.
    case file(SafetensorsError)
    /// The kind of adapter is not supported; the first value is its name.
    case kind(String, key: String, file: String)
    /// A layer has only one of its two matrices.
    case missingPair(expected: String, key: String, file: String)
    /// The shape of a tensor does not match the other tensors of its layer, or the module.
    case shape(key: String, expected: String, found: Shape, file: String)
    case type(key: String, ElementType, file: String)
    /// An alpha is not a single finite number.
    case alpha(key: String, file: String)
    /// Two layers of one file apply to the same module.
    case twice(module: String, keys: [String], file: String)
    /// Keys match no module; `network` is nil for keys of no known network.
    case unplaced([String], of: Int, network: AdaptedNetwork?, file: String)
    /// The weights are integers, or rounded to integers: a LoRA can't be added to them.
    case integerWeights(module: String, network: AdaptedNetwork)
    /// DoRA scales each row of the summed weights, which can't be done on summed results at run time.
    case weightDecomposition(key: String, file: String)
    /// A scale that is not finite.
    case scale(Float, file: String)
}

extension LoRAError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .kind(let kind, let key, let file):
            "\(file) is not a plain LoRA: '\(key)' belongs to \(kind), which is not supported."
        case .missingPair(let expected, let key, let file): "\(file) has '\(key)' but no '\(expected)'."
        case .shape(let key, let expected, let found, let file): "\(file): '\(key)' must be \(expected), and is \(found)."
        case .type(let key, let type, let file): "\(file): '\(key)' is \(type); f32, f16 and bf16 are supported."
        case .alpha(let key, let file): "\(file): '\(key)' must be one finite number."
        case .twice(let module, let keys, let file):
            "\(file) changes '\(module)' twice: \(keys.map { "'\($0)'" }.joined(separator: ", "))."
        case .unplaced(_, of: 0, _, let file): "\(file) is empty: it has no tensors."
        case .unplaced(let keys, let count, let network, let file):
            "\(keys.count) of \(count) keys of \(file) match nothing in \(network.map { "the \($0)" } ?? "the model"): "
                + "\(Self.list(keys)). It may be meant for another kind of model; the lenient mode ignores such keys."
        case .integerWeights(let module, let network):
            "The weights of '\(module)' in the \(network) are INT8: apply the LoRA at run time, or before quantizing."
        case .weightDecomposition(let key, let file):
            "\(file): '\(key)' makes it a DoRA, which scales the sum of weights and so can't be switched at run time; merge it."
        case .scale(let scale, let file): "The scale of \(file) must be a finite number, not \(scale)."
        }
    }

    private static func list(_ keys: [String]) -> String {
        keys.prefix(10).map { "'\($0)'" }.joined(separator: ", ") + (keys.count > 10 ? " …" : "")
    }
}
