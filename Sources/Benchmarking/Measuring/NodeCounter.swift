public import OpenVINO

/// A node of a device's graph with its times, means over the inferences and requests.
public struct NodeCounter: Sendable, Encodable {
    public let name: String
    public let type: String
    public let kernel: String
    /// `EXECUTED`, `OPTIMIZED_OUT` or `NOT_RUN`.
    public let status: String
    public let realMilliseconds: Double
    public let cpuMilliseconds: Double

    private enum CodingKeys: String, CodingKey {
        case name, type, kernel, status
        case realMilliseconds = "real_ms"
        case cpuMilliseconds = "cpu_ms"
    }

    init(_ info: ProfilingInfo, realMilliseconds: Double, cpuMilliseconds: Double) {
        (name, type, kernel) = (info.nodeName, info.nodeType, info.execType)
        status =
            switch info.status {
            case .executed: "EXECUTED"
            case .optimizedOut: "OPTIMIZED_OUT"
            case .notRun: "NOT_RUN"
            }
        self.realMilliseconds = realMilliseconds
        self.cpuMilliseconds = cpuMilliseconds
    }

    /// Counters of one request.
    public static func of(_ nodes: [ProfilingInfo]) -> [NodeCounter] {
        nodes.map { node in
            NodeCounter(
                node, realMilliseconds: node.realTime / .milliseconds(1), cpuMilliseconds: node.cpuTime / .milliseconds(1))
        }
    }

    /// Means over requests, whose nodes are the same in the same order.
    public static func means(of requests: [[ProfilingInfo]]) -> [NodeCounter] {
        guard let first = requests.first else { return [] }
        let same = requests.filter { $0.count == first.count }
        let count = Double(same.count)
        return first.indices.map { index in
            let real = same.reduce(0.0) { $0 + $1[index].realTime / .milliseconds(1) }
            let cpu = same.reduce(0.0) { $0 + $1[index].cpuTime / .milliseconds(1) }
            return NodeCounter(first[index], realMilliseconds: real / count, cpuMilliseconds: cpu / count)
        }
    }
}
