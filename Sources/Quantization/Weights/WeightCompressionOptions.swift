public import ModelGraph
public import TensorStore

/// Options of `WeightCompression`: the modes of weights and the rules that assign them.
public struct WeightCompressionOptions: Sendable, Equatable {
    /// The treatment of a 4-bit layer whose input channels the group size does not divide.
    public enum GroupFallback: String, Sendable, CaseIterable {
        /// The pass throws an error.
        case refuse
        /// The layer is not compressed.
        case keep
        /// The group size becomes the largest power of two that divides the channels. If it is below `minimumGroupSize`, the
        /// layer gets the backup mode.
        case adjust
    }

    public var mode: WeightMode
    /// Modes of single operations by name, which override `mode`. Weights in 4 bits use `groupSize`.
    public var modes: [String: WeightMode] = [:]
    /// The number of input channels that share a scale in 4-bit layers; nil for whole channels.
    public var groupSize: Int?
    public var groupFallback = GroupFallback.refuse
    public var minimumGroupSize = 32
    /// The share of eligible weights that get the 4-bit mode. The layers with the smallest 8-bit error stay in 8 bits.
    public var ratio = 1.0
    /// 4-bit modes: the mode of the other layers. Convolutions are among them, since they have no 4-bit form.
    public var backup = WeightMode.int8Asymmetric
    /// 4-bit modes: whether embeddings and the last matrix product get 4 bits too.
    public var allLayers = false
    /// Whether embedding tables are compressed.
    public var embeddings = true
    public var ignored = IgnoredScope()
    /// Factors that weights are multiplied by before they are quantized, by constant name (SmoothQuant). Ignored weights are
    /// multiplied in the graph.
    public var factors: [String: WeightFactors] = [:]
    /// The mean of each input channel of the operation that uses the weights, by constant name. With means and an 8-bit mode, the
    /// report gives the shift that rounding causes in the mean of each output channel.
    public var inputMeans: [String: [Float]] = [:]

    /// 8-bit modes: whether convolution weights are rounded so that the sum of each kernel stays closest to its original value.
    /// The sum is the kernel's response to a uniform picture. Otherwise each weight is rounded to the nearest code.
    public var keepsKernelSums = false

    /// - Parameter groupSize: nil for 128 with 4-bit modes; ignored with 8-bit modes. For 4-bit modes with one scale per channel,
    ///   set the property to nil.
    public init(mode: WeightMode, groupSize: Int? = nil) {
        self.mode = mode
        self.groupSize = mode.is4Bit ? groupSize ?? 128 : nil
    }
}

/// The result of a compression, layer by layer.
public struct WeightCompressionReport: Sendable, Equatable {
    /// A weight tensor that was compressed.
    public struct Layer: Sendable, Equatable {
        /// The operation that uses the weights; the first one if there are several.
        public let operation: String
        /// The name of the constant.
        public let weights: String
        public let shape: Shape
        public let mode: WeightMode
        public let groupSize: Int?
        /// √(Σ(w − ŵ)² / Σw²).
        public let relativeError: Double
        /// The loss in the mean of each output channel by rounding, to be added to the bias; empty unless means were given.
        public let outputShifts: [Float]
        public let bytesBefore: Int
        public let bytesAfter: Int
    }

    /// A matrix product, convolution or embedding whose weights were not compressed.
    public struct Skipped: Sendable, Equatable {
        public enum Reason: Sendable, Equatable {
            /// The operation is in the ignored scope.
            case ignored
            /// The weights are already stored as integers or in few bits.
            case alreadyCompressed(ElementType)
            /// The weights are computed from constants at compile time.
            case computed
            /// The weights pass through a FakeQuantize.
            case fakeQuantized
            /// Weights of this type are not compressed.
            case elementType(ElementType)
            /// Another operation, of this type, uses the weights and can't read the compressed form.
            case otherUse(String)
            /// The group size does not divide the number of input channels, `depth`.
            case groupSize(depth: Int)
            /// The weights have a single axis, or the channels of the operation are unknown.
            case form
        }

        public let operation: String
        public let reason: Reason

        public init(operation: String, reason: Reason) {
            self.operation = operation
            self.reason = reason
        }
    }

    public internal(set) var layers: [Layer] = []
    public internal(set) var skipped: [Skipped] = []

    /// Bytes of the weights that were compressed.
    public var bytesBefore: Int { layers.reduce(0) { $0 + $1.bytesBefore } }
    public var bytesAfter: Int { layers.reduce(0) { $0 + $1.bytesAfter } }
}

/// The operations that a pass skips.
public struct IgnoredScope: Sendable, Equatable {
    /// Names of operations or of the constants that hold their weights.
    public var names: [String]
    /// Regular expressions that match the beginning of such a name.
    public var patterns: [String]
    /// Types of operations, as IR names them: `MatMul`, `Convolution` …
    public var types: [String]

    public init(names: [String] = [], patterns: [String] = [], types: [String] = []) {
        self.names = names
        self.patterns = patterns
        self.types = types
    }

    /// - Parameter rules: names; regular expressions after `re:`; types after `type:`.
    public init(rules: [String]) {
        self.init()
        for rule in rules {
            if rule.hasPrefix("re:") {
                patterns.append(String(rule.dropFirst(3)))
            } else if rule.hasPrefix("type:") {
                types.append(String(rule.dropFirst(5)))
            } else {
                names.append(rule)
            }
        }
    }

    /// The indices of the nodes in the scope.
    /// - Throws: `QuantizationError.ignoredScope` for a rule that matches no node, `.pattern` for an invalid regular expression.
    public func nodes(of graph: Graph) throws(QuantizationError) -> Set<Int> {
        var found: Set<Int> = []
        func add(_ rule: String, _ candidates: [String], _ matches: (Node) -> Bool) throws(QuantizationError) {
            let indices = graph.nodes.indices.filter { matches(graph.nodes[$0]) }
            guard !indices.isEmpty else { throw .ignoredScope(rule, near: nearest(to: rule, among: candidates)) }
            found.formUnion(indices)
        }
        let all = graph.nodes.map(\.name)
        for name in names { try add(name, all) { $0.name == name } }
        for pattern in patterns {
            let expression: Regex<AnyRegexOutput>
            do {
                expression = try Regex(pattern)
            } catch {
                throw .pattern(pattern)
            }
            try add(pattern, all) { $0.name.prefixMatch(of: expression) != nil }
        }
        for type in types { try add(type, Array(Set(graph.nodes.map(\.type)))) { $0.type == type } }
        return found
    }
}
