public import Architectures
public import ModelGraph
public import TensorStore

/// A network of a model: its architecture, and the source of its graphs.
public struct Network<Architecture: Sendable>: Sendable {
    public enum Origin: Sendable {
        /// Tensors, from which the architecture builds a graph for each size.
        case checkpoint(Weights)
        /// A graph with dynamic shapes, read from IR or made by a pass; the runtime makes it static for each size.
        case graph(Graph)
    }

    public let architecture: Architecture
    public var origin: Origin

    public init(_ architecture: Architecture, _ origin: Origin) {
        self.architecture = architecture
        self.origin = origin
    }

    /// The approximate size of the compiled weights in bytes: f32 for all floating-point types, integers in their own type.
    public var compiledBytes: Int {
        switch origin {
        case .checkpoint(let weights): return weights.parameterCount * 4
        case .graph(let graph):
            return graph.nodes.reduce(0) { sum, node in
                guard let data = node.constant else { return sum }
                switch node.outputs[0].elementType {
                case .f16, .bf16: return sum + 2 * data.byteCount
                default: return sum + data.byteCount
                }
            }
        }
    }
}
