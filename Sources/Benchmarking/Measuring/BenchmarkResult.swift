/// A measurement of a model.
public struct BenchmarkResult: Sendable, Encodable {
    public let model: String
    public let device: String
    public let api: String
    public let hint: String
    public let requests: Int
    /// The device's number of streams, as it tells it; nil where it tells none.
    public let streams: String?
    public let threads: Int?
    public let precision: String?
    public let batch: Int
    public let inferenceOnly: Bool
    public let inputs: [Input]
    public let readMilliseconds: Double
    public let compileMilliseconds: Double
    /// nil without a warm-up.
    public let firstInferenceMilliseconds: Double?
    /// Inferences.
    public internal(set) var count: Int
    public internal(set) var seconds: Double
    public internal(set) var latency: LatencyStatistics
    /// For each group of shapes; empty where there is one.
    public let groups: [Group]
    /// Inferences a second times the batch.
    public internal(set) var throughput: Double
    /// Peak memory of the process, and what compiling added to it; nil where the system does not tell.
    public let peakMemoryBytes: Int?
    public let compileMemoryBytes: Int?
    /// In the device's order; empty unless nodes are timed.
    public let counters: [NodeCounter]
    /// The same of each request; not part of the JSON.
    public let countersByRequest: [[NodeCounter]]

    public struct Input: Sendable, Encodable {
        public let name: String
        public let elementType: String
        public let shapes: [String]
        public let layout: String?
        /// Files, or "random".
        public let values: String

        private enum CodingKeys: String, CodingKey {
            case name, shapes, layout, values
            case elementType = "element_type"
        }
    }

    /// Inferences with the inputs of one turn.
    public struct Group: Sendable, Encodable {
        public let shapes: String
        public let latency: LatencyStatistics
    }

    private enum CodingKeys: String, CodingKey {
        case model, device, api, hint, requests, streams, threads, precision, batch, inputs, count, seconds, latency, groups
        case throughput, counters
        case inferenceOnly = "inference_only"
        case readMilliseconds = "read_ms"
        case compileMilliseconds = "compile_ms"
        case firstInferenceMilliseconds = "first_inference_ms"
        case peakMemoryBytes = "peak_memory_bytes"
        case compileMemoryBytes = "compile_memory_bytes"
    }
}
