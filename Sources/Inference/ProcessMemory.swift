import Foundation

/// The memory of this process, as reported by the system.
public enum ProcessMemory {
    /// Peak resident memory, mapped files included (VmHWM); nil where the system does not report it.
    public static var peakBytes: Int? { field("VmHWM:") }

    /// Current resident memory without mapped files (RssAnon).
    public static var anonymousBytes: Int? { field("RssAnon:") }

    private static func field(_ name: String) -> Int? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
        for line in status.split(separator: "\n") where line.hasPrefix(name) {
            return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
        }
        return nil
    }
}
