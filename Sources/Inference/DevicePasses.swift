import ModelGraph
import TensorStore

/// A pass at compile time. It rewrites a graph to the form that a device computes fastest, and changes results by rounding only.
///
/// Files that are written, LoRAs and quantization see the graph before these passes.
struct DevicePass: Sendable {
    let applies: @Sendable (CompileOptions) -> Bool
    /// Gets the graph as the passes before left it, and the sizes that it was given at first.
    let apply: @Sendable (Graph, SizedGraph) throws -> Graph

    /// All passes, in the order in which they are applied.
    static let all = [
        DevicePass(applies: { _ in true }, apply: { try $0.subPixelUpsampling(doublesSizes: $1.doublesSizes) }),
        // Only f32: in 16 bits the variance, a difference of means, would be lost.
        DevicePass(
            applies: { $0.isForCPU && $0.namedPrecision == .f32 }, apply: { try $0.groupNormalizationByMoments($1.shapes) }),
    ]
}

extension SizedGraph {
    /// The graph after all device passes for `options`.
    func prepared(for options: CompileOptions) throws -> Graph {
        try DevicePass.all.filter { $0.applies(options) }.reduce(graph) { try $1.apply($0, self) }
    }
}
