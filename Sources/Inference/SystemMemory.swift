import Foundation

/// The memory that a process can have.
public enum SystemMemory {
    /// Physical memory and swap, or the limit of the process's control group if that is less, in bytes.
    public static var bytes: Int {
        let whole =
            meminfo("MemTotal:").map { $0 + (meminfo("SwapTotal:") ?? 0) }
            ?? Int(clamping: ProcessInfo.processInfo.physicalMemory)
        let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"].compactMap { path in
            (try? String(contentsOfFile: path, encoding: .utf8)).flatMap {
                Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
        return limits.filter { $0 > 0 }.reduce(whole, min)
    }

    private static func meminfo(_ name: String) -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) })
        else { return nil }
        let kilobytes = line.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return kilobytes.map { $0.multipliedReportingOverflow(by: 1024) }.flatMap { $0.overflow ? nil : $0.partialValue }
    }
}
