public import Foundation

/// The folder in which this program keeps what it can make again.
public enum UserCache {
    /// `$XDG_CACHE_HOME/glint`, or `~/.cache/glint`; nil where neither is known.
    public static var folder: URL? {
        let environment = ProcessInfo.processInfo.environment
        let folder =
            environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
            ?? environment["HOME"].map { $0 + "/.cache" }
        return folder.map { URL(filePath: $0).appending(path: "glint") }
    }
}
