import OpenVINO
import Synchronization
import TensorStore

/// Shared libraries with further operations, which the runtime loads once per process.
enum ExtensionLibraries {
    private static let loaded = Mutex<Set<String>>([])

    /// Loads the libraries that are not loaded yet.
    /// - Throws: `OpenVINOError.runtime` where a file is missing or is no such library.
    static func load(_ paths: [String]) throws(OpenVINOError) {
        guard !paths.isEmpty else { return }
        let core = try Core.shared
        let failure: OpenVINOError? = loaded.withLock { loaded in
            for path in paths where !loaded.contains(path) {
                do throws(OpenVINOError) { try core.addExtension(path) } catch { return error }
                loaded.insert(path)
            }
            return nil
        }
        if let failure { throw failure }
    }

    /// Path and state of each library's file.
    /// - Throws: `FileError`.
    static func identities(_ paths: [String]) throws(FileError) -> [String] {
        var identities: [String] = []
        for path in paths { identities.append("\(path) \(try MappedFile(path: path).identity)") }
        return identities
    }
}
