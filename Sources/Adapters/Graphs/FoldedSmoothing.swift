import ModelGraph
import TensorStore

/// What the channels of a module's weights were multiplied by when smoothing became part of the operations around it: its inputs
/// are divided by `inputs`, and its results multiplied by `outputs`, with no operation of their own in the graph.
///
/// Graphs say so in the node's `<rt_info>`: `<attribute name="smoothing" version="0" inputs="…" outputs="…"/>`, numbers with
/// commas between, each of the two only where there are some. The runtime passes over attributes that it does not know.
struct FoldedSmoothing {
    let inputs: [Float]?
    let outputs: [Float]?

    init(_ node: Node) {
        let attribute = node.runtimeInfo.first { $0.name == "attribute" && $0["name"] == "smoothing" }
        func numbers(_ name: String) -> [Float]? {
            // What is no number is found by the count.
            attribute?[name]?.split(separator: ",").compactMap { Float($0.filter { !$0.isWhitespace }) }
        }
        inputs = numbers("inputs")
        outputs = numbers("outputs")
    }

    /// - Throws: `GraphError.structure` where there is not a number for each channel.
    func check(_ site: AdaptedSite, _ node: Node) throws(GraphError) {
        guard inputs?.count ?? site.shape[1] == site.shape[1], outputs?.count ?? site.shape[0] == site.shape[0] else {
            throw .structure(
                node: node.name,
                reason:
                    "smoothing by \(inputs?.count ?? 0) inputs and \(outputs?.count ?? 0) outputs is not of weights \(site.shape)"
            )
        }
    }
}
