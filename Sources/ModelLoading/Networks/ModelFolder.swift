public import Foundation
public import ModelGraph
public import TensorStore

/// A folder that is being written.
///
/// Everything is written to a temporary folder beside the target, which is renamed when it is complete: an interrupted or failed
/// write leaves no folder.
public final class ModelFolder {
    public let url: URL
    private let partial: URL
    private var isFinished = false

    /// - Parameter url: the folder to create; it must not exist, or be empty.
    /// - Throws: `ModelError.exists`; `FileError` where the folder can't be written.
    public init(_ url: URL) throws {
        self.url = url
        try Self.checkFree(url)
        let parent = url.deletingLastPathComponent()
        Self.removeRemains(of: url, in: parent)
        partial = parent.appending(path: "\(Self.partialPrefix(url))\(getpid())")
        try FileManager.default.createDirectory(at: partial, withIntermediateDirectories: false)
    }

    deinit { if !isFinished { try? FileManager.default.removeItem(at: partial) } }

    private static func partialPrefix(_ url: URL) -> String { ".\(url.lastPathComponent).partial-" }

    /// Removes temporary folders of killed processes.
    private static func removeRemains(of url: URL, in parent: URL) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent.path)) ?? [] {
            guard name.hasPrefix(partialPrefix(url)), let process = Int32(name.dropFirst(partialPrefix(url).count)),
                process != getpid(), kill(process, 0) != 0, errno == ESRCH
            else { continue }
            try? FileManager.default.removeItem(at: parent.appending(path: name))
        }
    }

    /// Checks that a model can be written to `url`, before the work for it is done.
    /// - Throws: `ModelError.exists`; `FileError` where the parent folder is missing or not writable.
    public static func checkFree(_ url: URL) throws {
        let parent = url.deletingLastPathComponent().path
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: parent, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw FileError.missingFolder(path: parent)
        }
        guard FileManager.default.isWritableFile(atPath: parent) else { throw FileError.noPermission(path: parent) }
        guard FileManager.default.fileExists(atPath: url.path) else { return }
        let found = try? FileManager.default.contentsOfDirectory(atPath: url.path)
        guard found?.isEmpty == true else { throw ModelError.exists(path: url.path) }
    }

    /// Writes a network's IR to a folder of its name: `unet`, `vae_decoder` …
    public func write(_ graph: Graph, as name: String) throws {
        try graph.writeIR(xml: made(name).appending(path: Component.irName).path)
    }

    /// Writes a file.
    public func write(_ data: Data, to path: String) throws { try data.write(to: partial.appending(path: path)) }

    public func write(_ json: JSONValue, to path: String) throws { try write(Data("\(json)\n".utf8), to: path) }

    /// Copies a file or folder; a link's target is copied.
    public func copy(_ from: URL, to path: String) throws {
        try FileManager.default.copyItem(at: from.resolvingSymlinksInPath(), to: partial.appending(path: path))
    }

    /// A folder within this one.
    @discardableResult
    public func made(_ name: String) throws -> URL {
        let folder = partial.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    /// Renames the complete folder to the target's name.
    public func finish() throws {
        if FileManager.default.fileExists(atPath: url.path) { try FileManager.default.removeItem(at: url) }
        try FileManager.default.moveItem(at: partial, to: url)
        isFinished = true
    }
}
