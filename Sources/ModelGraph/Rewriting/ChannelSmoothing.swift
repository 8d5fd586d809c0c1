/// An annotation of an operation with weights: factors that smoothing folded into its weights and into the operations around it
/// (SmoothQuant, Xiao et al. 2023). The graph has no other trace of them.
///
/// The operation's input is divided by `inputs`, channel by channel, and its result is multiplied by `outputs`. A layer that is
/// computed beside the operation later, such as a LoRA, must do the same.
///
/// IR holds it in the layer's `<rt_info>`, as `<attribute name="smoothing" version="0" inputs="…" outputs="…"/>`, with numbers
/// separated by commas. The runtime ignores attributes that it does not know.
public struct ChannelSmoothing: Sendable, Hashable {
    /// A factor for each input channel; nil where the input is not divided.
    public var inputs: [Float]?
    /// A factor for each output channel; nil where the result is not multiplied.
    public var outputs: [Float]?

    public init(inputs: [Float]? = nil, outputs: [Float]? = nil) {
        self.inputs = inputs
        self.outputs = outputs
    }
}

extension Graph {
    /// Sets the smoothing annotation of the node at `index`. The computation stays the same.
    public mutating func annotate(_ index: Int, smoothing: ChannelSmoothing?) { nodes[index].smoothing = smoothing }
}

extension ChannelSmoothing {
    private static let name = "smoothing"

    static func isAnnotation(_ element: XMLElement) -> Bool { element.name == "attribute" && element["name"] == name }

    /// - Returns: nil where an element of `inputs` or `outputs` is not a number.
    init?(_ element: XMLElement) {
        func numbers(_ name: String) -> [Float?]? {
            element[name]?.split(separator: ",", omittingEmptySubsequences: false).map { Float($0.filter { !$0.isWhitespace }) }
        }
        let (inputs, outputs) = (numbers("inputs"), numbers("outputs"))
        guard inputs?.contains(nil) != true, outputs?.contains(nil) != true else { return nil }
        self.init(inputs: inputs?.compactMap(\.self), outputs: outputs?.compactMap(\.self))
    }

    var element: XMLElement {
        var element = XMLElement("attribute", ["name": Self.name, "version": "0"])
        for (name, factors) in [("inputs", inputs), ("outputs", outputs)] {
            guard let factors else { continue }
            element.attributes.append(.init(name, factors.map { "\($0)" }.joined(separator: ",")))
        }
        return element
    }
}
