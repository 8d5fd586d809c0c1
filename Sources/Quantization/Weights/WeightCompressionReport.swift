public import TensorStore

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
