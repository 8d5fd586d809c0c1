public import ModelGraph
import TensorStore

/// Stores the weights of a graph in 8 or 4 bits. The computation stays in floating point.
///
/// Each constant becomes `Const → Convert → [Subtract zero point] → Multiply scale → [Reshape] → [Convert]`, with the node names
/// of `nncf.compress_weights`. Weights are read from the mapped file and quantized one tensor at a time. Besides the compressed
/// weights, memory holds the codes of one tensor only.
public struct WeightCompression: Sendable {
    public let options: WeightCompressionOptions

    public init(_ options: WeightCompressionOptions) { self.options = options }

    /// - Returns: the graph with compressed weights, and a report. A graph without weights to compress is returned unchanged.
    /// - Throws: `QuantizationError` for weights that can't be quantized and for options that match nothing; `GraphError`.
    public func apply(to graph: Graph) throws -> (graph: Graph, report: WeightCompressionReport) {
        let ignored = try options.ignored.nodes(of: graph)
        let found = WeightSites(graph, embeddings: options.embeddings, ignored: ignored)
        var loader = WeightLoader(graph: graph, options: options)
        let plan = try WeightPlan(found, options, &loader)
        var rewriter = WeightRewriter(graph: graph, plan: plan, loader: loader)
        try rewriter.rewrite()
        var report = WeightCompressionReport()
        report.layers = rewriter.layers
        report.skipped = found.skipped + plan.skipped
        return (rewriter.result, report)
    }
}

/// Copies a graph and replaces the constants of weights.
private struct WeightRewriter {
    private var rewriter: GraphRewriter
    private(set) var layers: [WeightCompressionReport.Layer] = []
    private var loader: WeightLoader
    private let choices: [Int: WeightPlan.Choice]
    /// Nodes without readers after the rewrite.
    private let dropped: Set<Int>
    /// Weights that are not quantized; the graph multiplies them by their channels' factors.
    private var kept: [Value: WeightSite] = [:]
    /// Weights that several constants read from the same range of a file.
    private var shared: [Source: Value] = [:]

    private struct Source: Hashable {
        let file: ObjectIdentifier
        let offset: Int
        let elementType: ElementType
        let layout: WeightLayout
        let mode: WeightMode
        let groupSize: Int?
        let channels: ChannelData
    }

    private var graph: Graph { rewriter.source }
    var result: Graph { rewriter.result }

    init(graph: Graph, plan: WeightPlan, loader: WeightLoader) {
        rewriter = GraphRewriter(graph)
        self.loader = loader
        choices = Dictionary(uniqueKeysWithValues: plan.choices.map { ($0.site.constant, $0) })
        for site in plan.scaled { for end in site.ends { kept[end] = site } }
        dropped = plan.choices.reduce(into: []) { $0.formUnion($1.site.steps) }
    }

    mutating func rewrite() throws {
        for (index, node) in graph.nodes.enumerated() where !dropped.contains(index) {
            if let choice = choices[index] {
                try place(choice)
                continue
            }
            for value in node.inputs {
                guard let site = kept[value], site.users.contains(index) else { continue }
                let product = try multiply(rewriter.moved(value, reader: index), loader.channelData(site).factors, site)
                rewriter.replace(value, with: product)
                kept[value] = nil
            }
            try rewriter.copy(index)
        }
    }

    private mutating func place(_ choice: WeightPlan.Choice) throws {
        let site = choice.site
        let node = graph.nodes[site.constant]
        let scaled = try scaled(choice, node)
        for end in site.ends {
            let name = "\(node.name)/fq_weights_1/convert"
            let isSame = scaled.elementType == end.elementType
            rewriter.replace(end, with: isSame ? scaled : rewriter.result.convert(scaled, to: end.elementType, name: name))
        }
    }

    /// Weights multiplied by the factors of their channels, in floating point.
    private mutating func multiply(_ weights: Value, _ factors: WeightFactors, _ site: WeightSite) throws -> Value {
        try ChannelData(factors: factors).check(site.layout, name: graph.nodes[site.constant].name)
        let (shape, axis) = (site.layout.shape, site.layout.reducedAxes.lowerBound)
        var product = weights
        let parts = [
            (factors.input, Shape(shape.indices.map { $0 == axis ? shape[$0] : 1 }), "input_factors"),
            (factors.output, site.layout.scaleShape(groupSize: nil), "output_factors"),
        ]
        for case (let values?, let shape, let name) in parts {
            let name = "\(graph.nodes[site.constant].name)/\(name)"
            let constant = rewriter.result.constant(values, shape: shape, name: name)
            let typed = weights.elementType == .f32 ? constant : rewriter.result.convert(constant, to: weights.elementType)
            product = try rewriter.result.multiply(product, typed, name: "\(name)/multiply")
        }
        return product
    }

    /// Weights in their original shape and in the type of the scales.
    private mutating func scaled(_ choice: WeightPlan.Choice, _ node: Node) throws -> Value {
        let (site, quantizer) = (choice.site, choice.quantizer)
        var source: Source?
        if case .file(let file, let offset, _)? = node.constant {
            source = Source(
                file: ObjectIdentifier(file), offset: offset, elementType: node.outputs[0].elementType, layout: site.layout,
                mode: quantizer.mode, groupSize: quantizer.groupSize, channels: loader.channelData(site))
        }
        if let source, let known = shared[source] { return known }
        let weight = try loader.quantize(site, quantizer)
        let value = try append(weight, node.name)
        if let source { shared[source] = value }
        layers.append(
            .init(
                operation: graph.nodes[site.users[0]].name, weights: node.name, shape: site.layout.shape, mode: quantizer.mode,
                groupSize: quantizer.groupSize, relativeError: weight.relativeError, outputShifts: weight.outputShifts,
                bytesBefore: node.constant?.byteCount ?? 0, bytesAfter: weight.byteCount))
        return value
    }

    private mutating func append(_ weight: QuantizedWeight, _ name: String) throws -> Value {
        let type = weight.mode.scaleType
        var value = rewriter.result.convert(
            rewriter.result.constant(.bytes(weight.codes), weight.mode.elementType, weight.storedShape, name: name), to: type,
            name: "\(name)/convert")
        if weight.mode.isAsymmetric {
            let zero = rewriter.result.constant(
                .bytes(weight.storedZeroPoints), weight.mode.elementType, weight.scaleShape, name: "\(name)/zero_point")
            value = try rewriter.result.binary(
                .subtract, value, rewriter.result.convert(zero, to: type, name: "\(name)/zero_point/convert"),
                name: "\(name)/zero_point/subtract")
        }
        let scale = rewriter.result.constant(.bytes(weight.storedScales), type, weight.scaleShape, name: "\(name)/scale")
        value = try rewriter.result.multiply(value, scale, name: "\(name)/fq_weights_1")
        guard weight.groupSize != nil else { return value }
        return try rewriter.result.within(name) { graph in
            try graph.reshape(value, to: weight.layout.shape.dimensions, name: "\(name)/reshape")
        }
    }
}

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
