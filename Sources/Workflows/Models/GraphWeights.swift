import ModelGraph
import TensorStore

/// The constants of a network; those that several nodes read from one place of a file count once.
struct GraphWeights {
    private(set) var parameters = 0
    private(set) var bytes = 0
    /// Element types but for those of indices and shapes.
    private(set) var precisions: Set<String> = []

    init(_ graph: Graph) {
        var seen: Set<Place> = []
        for node in graph.nodes {
            guard let data = node.constant else { continue }
            if case .file(let file, let offset, let count) = data {
                guard seen.insert(Place(file: ObjectIdentifier(file), offset: offset, count: count)).inserted else { continue }
            }
            let output = node.outputs[0]
            let count = output.shape.fixed?.checkedElementCount ?? 0
            bytes += data.byteCount
            guard count > 1 else { continue }
            parameters += count
            if ![.i64, .i32].contains(output.elementType) { precisions.insert(output.elementType.rawValue) }
        }
    }

    private struct Place: Hashable {
        let file: ObjectIdentifier
        let offset: Int
        let count: Int
    }
}
