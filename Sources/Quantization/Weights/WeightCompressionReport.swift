public import TensorStore

/// What a compression did, layer by layer.
public struct WeightCompressionReport: Sendable, Equatable {
    /// A weight tensor that was compressed.
    public struct Layer: Sendable, Equatable {
        /// The operation that uses the weights, the first of several.
        public let operation: String
        /// The constant's name.
        public let weights: String
        public let shape: Shape
        public let mode: WeightMode
        public let groupSize: Int?
        /// √(Σ(w − ŵ)² / Σw²).
        public let relativeError: Double
        /// What the mean of each output channel loses by the rounding: to be added to the bias. Empty where it was not asked for.
        public let outputShifts: [Float]
        public let bytesBefore: Int
        public let bytesAfter: Int
    }

    /// A matrix product, convolution or embedding whose weights were left as they are.
    public struct Skipped: Sendable, Equatable {
        public enum Reason: Sendable, Equatable {
            /// The ignored scope names it.
            case ignored
            /// Its weights are stored as integers or in few bits already.
            case alreadyCompressed(ElementType)
            /// Its weights are computed from constants while compiling.
            case computed
            /// Its weights pass a FakeQuantize.
            case fakeQuantized
            /// Weights of this type are not compressed.
            case elementType(ElementType)
            /// The weights have another use, by an operation of this type, which this form does not fit.
            case otherUse(String)
            /// The group size does not divide these input channels.
            case groupSize(depth: Int)
            /// Weights with a single axis, or an operation whose channels this pass does not know.
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
