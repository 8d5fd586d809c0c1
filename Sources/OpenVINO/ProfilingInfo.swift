import COpenVINO

/// Time and kernel of one node of a device's graph.
public struct ProfilingInfo: Sendable, Hashable {
    public enum Status: Sendable, Hashable { case notRun, optimizedOut, executed }

    public let nodeName: String
    /// The operation, such as `Convolution`.
    public let nodeType: String
    /// Kernel, instruction set and precision, such as `brgemm_avx512_f32`.
    public let execType: String
    public let status: Status
    /// Wall-clock time; a multiple of 1 µs.
    public let realTime: Duration
    /// Processor time; a multiple of 1 µs.
    public let cpuTime: Duration

    init(_ info: ov_profiling_info_t) {
        nodeName = info.node_name.map { String(cString: $0) } ?? ""
        nodeType = info.node_type.map { String(cString: $0) } ?? ""
        execType = info.exec_type.map { String(cString: $0) } ?? ""
        status =
            switch info.status {
            case EXECUTED: .executed
            case OPTIMIZED_OUT: .optimizedOut
            default: .notRun
            }
        realTime = .microseconds(info.real_time)
        cpuTime = .microseconds(info.cpu_time)
    }
}
