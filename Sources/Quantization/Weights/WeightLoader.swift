import ModelGraph
import TensorStore

/// Quantizes the weights of a graph one tensor at a time, and releases file pages after reading them.
struct WeightLoader {
    let graph: Graph
    /// Channel data by constant name.
    private let channels: [String: ChannelData]
    private let keepsKernelSums: Bool
    private var readByteCount = 0

    /// The number of file bytes that may stay in memory after reading.
    private static let keptByteCount = 256 << 20

    init(graph: Graph, options: WeightCompressionOptions) {
        self.graph = graph
        var channels: [String: ChannelData] = [:]
        for (name, factors) in options.factors { channels[name, default: ChannelData()].factors = factors }
        for (name, means) in options.inputMeans { channels[name, default: ChannelData()].inputMeans = means }
        self.channels = channels
        keepsKernelSums = options.keepsKernelSums
    }

    func channelData(_ site: WeightSite) -> ChannelData {
        var data = channels[graph.nodes[site.constant].name] ?? ChannelData()
        data.keepsKernelSums = keepsKernelSums && graph.nodes[site.users[0]].type == "Convolution"
        return data
    }

    mutating func quantize(_ site: WeightSite, _ quantizer: WeightQuantizer) throws(QuantizationError) -> QuantizedWeight {
        let node = graph.nodes[site.constant]
        guard let data = node.constant else { throw .size(tensor: node.name, expected: site.layout.elementCount, found: 0) }
        let weight = try data.withUnsafeBytes { bytes throws(QuantizationError) in
            try quantizer.quantize(bytes, node.outputs[0].elementType, site.layout, channelData(site), name: node.name)
        }
        if case .file(let file, _, let byteCount) = data {
            readByteCount += byteCount
            if readByteCount > Self.keptByteCount {
                file.dropPages()
                readByteCount = 0
            }
        }
        return weight
    }
}
