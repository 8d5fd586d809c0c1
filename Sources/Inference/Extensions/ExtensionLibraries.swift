import Foundation
import ModelGraph
import OpenVINO
import Synchronization
import TensorStore

/// Shared libraries with further operations, which the runtime loads once per process.
public enum ExtensionLibraries {
    private static let loaded = Mutex<Set<String>>([])

    /// The library of the operations in `Graph.ownOperations`, beside the program.
    static let own = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "libGlintOperations.so").path

    /// Loads the libraries that are not loaded yet. Models that a file describes can then have their operations.
    /// - Throws: `ExtensionError`, `OpenVINOError`.
    public static func load(_ paths: [String]) throws {
        guard !paths.isEmpty else { return }
        let core = try Core.shared
        let failure: (any Error)? = loaded.withLock { loaded in
            for path in paths where !loaded.contains(path) {
                guard FileManager.default.fileExists(atPath: path) else { return ExtensionError.missing(path: path) }
                do throws(OpenVINOError) {
                    try core.addExtension(path)
                } catch {
                    return ExtensionError(error, path: path)
                }
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

extension CompileOptions {
    /// With the library of this project's own operations, if the graph has any.
    func withExtensions(for graph: Graph) -> CompileOptions {
        guard graph.nodes.contains(where: { $0.opset == Graph.ownOperations }) else { return self }
        var options = self
        if !options.extensions.contains(ExtensionLibraries.own) { options.extensions.append(ExtensionLibraries.own) }
        return options
    }
}

/// An extension library that can't be used.
public enum ExtensionError: Error, Equatable, CustomStringConvertible {
    case missing(path: String)
    /// It has no function that gives its operations.
    case noOperations(path: String)
    /// It was linked against another version of the runtime; the name of the library that it looks for.
    case version(path: String, needs: String)
    case unloadable(path: String, reason: String)

    init(_ error: OpenVINOError, path: String) {
        let details = error.details
        if let needed = details.firstMatch(of: /(libopenvino[^\s:]*\.so\.[0-9]+): cannot open shared object/) {
            self = .version(path: path, needs: String(needed.output.1))
        } else if details.contains("create_extensions") {
            self = .noOperations(path: path)
        } else {
            self = .unloadable(path: path, reason: error.reason)
        }
    }

    public var description: String {
        switch self {
        case .missing(ExtensionLibraries.own):
            "The network has operations of Glint's own library, which is missing: \(ExtensionLibraries.own). Build it with Scripts/swift "
                + "build --product GlintOperations."
        case .missing(let path): "There is no extension library \(path)."
        case .noOperations(let path):
            "\(path) is no extension of OpenVINO: it has no function create_extensions, which OPENVINO_CREATE_EXTENSIONS makes."
        case .version(let path, let needs):
            "\(path) was built for another version of OpenVINO: it needs \(needs). Build it again with this version's headers and "
                + "libraries (.runtime/openvino)."
        case .unloadable(let path, let reason): "The extension library \(path) can't be loaded: \(reason)"
        }
    }
}
