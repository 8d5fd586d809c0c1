import Foundation

/// What the system says of this process's memory.
enum ProcessMemory {
    /// The most that was resident at once, mapped files included (VmHWM); nil where the system does not tell.
    static var peakBytes: Int? { field("VmHWM:") }

    /// What is resident now without mapped files.
    static var anonymousBytes: Int? { field("RssAnon:") }

    private static func field(_ name: String) -> Int? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
        for line in status.split(separator: "\n") where line.hasPrefix(name) {
            return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
        }
        return nil
    }
}
