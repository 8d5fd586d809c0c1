public import Encryption
public import Foundation
import ModelLoading
public import TensorStore

/// Encrypts whole models, decrypts them to disk, or gives them another key: folders, whose files keep their names, or single files.
public struct ModelEncryption: Sendable {
    public enum Operation: Sendable {
        case encrypt(EncryptionKey, ChunkAlgorithm)
        case decrypt(Keyring)
        /// From keys to a key.
        case rekey(Keyring, EncryptionKey)
    }

    /// A summary of the work.
    public struct Report: Sendable, Encodable {
        public var path: String
        public var files = 0
        public var plainBytes = 0
        public var storedBytes = 0
        /// Files that were in plain and were copied.
        public var copied: [String] = []
        /// The id of the key of the new files; nil where they are in plain.
        public var keyID: String?
        public var seconds = 0.0
    }

    public let operation: Operation

    public init(_ operation: Operation) { self.operation = operation }

    /// - Parameters:
    ///   - model: a folder or file.
    ///   - output: the folder or file to make; nothing is there until everything is complete.
    /// - Throws: `ModelError.missing`, `.exists`; `FileError`, `CancellationError`.
    public func run(_ model: URL, to output: URL, report progress: (WorkProgress) -> Void = { _ in }) throws -> Report {
        let start = ContinuousClock.now
        var report = Report(path: output.path)
        switch operation {
        case .encrypt(let key, _), .rekey(_, let key): report.keyID = "\(key.id)"
        case .decrypt: break
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: model.path, isDirectory: &isFolder) else {
            throw ModelError.missing(path: model.path)
        }
        if isFolder.boolValue {
            let names = try Self.files(in: model)
            let folder = try ModelFolder(output)
            progress(.phase("\(names.count) files", count: names.count))
            for name in names {
                let parent = (name as NSString).deletingLastPathComponent
                let target = try folder.made(parent).appending(path: (name as NSString).lastPathComponent)
                try one(model.appending(path: name).path, to: target.path, name: name, &report)
                progress(.step)
            }
            try folder.finish()
        } else {
            try ModelFolder.checkFree(output)
            progress(.phase("1 file", count: 1))
            try one(model.path, to: output.path, name: "", &report)
            progress(.step)
        }
        report.seconds = (ContinuousClock.now - start).seconds
        return report
    }

    private func one(_ path: String, to target: String, name: String, _ report: inout Report) throws {
        let source = try MappedFile(stored: path)
        let check: (Int) throws -> Void = { _ in try Task.checkCancellation() }
        let result: FileEncryption.Result
        switch operation {
        case .encrypt(let key, let algorithm):
            guard !source.isEncrypted else {
                throw FileError.encrypted(path: path, .refused("glint rekey gives encrypted files another key"))
            }
            result = try FileEncryption.encrypt(
                source, to: target, name: name, key: key, algorithm: algorithm, progress: check)
        case .decrypt(let keys):
            guard try keys.content(of: source) != nil else { return try copy(source, to: target, name: name, &report) }
            result = try FileEncryption.decrypt(source, to: target, keys: keys, progress: check)
        case .rekey(let keys, let key):
            guard source.isEncrypted else { return try copy(source, to: target, name: name, &report) }
            result = try FileEncryption.rekey(source, to: target, keys: keys, key: key, progress: check)
        }
        report.files += 1
        report.plainBytes += result.plainByteCount
        report.storedBytes += result.storedByteCount
    }

    private func copy(_ source: MappedFile, to target: String, name: String, _ report: inout Report) throws {
        try FileManager.default.copyItem(at: URL(filePath: source.path).resolvingSymlinksInPath(), to: URL(filePath: target))
        report.copied.append(name.isEmpty ? source.path : name)
    }

    /// Folders in folders; more are a link to a folder above.
    private static let depthLimit = 16

    /// The paths of all files in a folder, of its folders too, sorted. Links are followed, as the hub's cache has them.
    private static func files(in folder: URL, under path: String = "", depth: Int = 0) throws -> [String] {
        guard depth < depthLimit else {
            throw FileError.system(path: folder.path, operation: "list", reason: "there are folders in folders without end")
        }
        var found: [String] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() {
            let own = path.isEmpty ? name : "\(path)/\(name)"
            var isFolder: ObjCBool = false
            let url = folder.appending(path: name)
            guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
                throw FileError.missing(path: url.path)
            }
            found += isFolder.boolValue ? try files(in: url, under: own, depth: depth + 1) : [own]
        }
        return found
    }
}

/// Encrypted files are refused where what is made of them would be written in plain: the reason says what to do instead.
public struct RefusedDecryption: FileDecryption {
    private let reason: String

    public init(reason: String) { self.reason = reason }

    public func content(of file: MappedFile) throws(FileError) -> SecretContent? {
        if file.isEncrypted { throw .encrypted(path: file.path, .refused(reason)) }
        return nil
    }
}
