public import Foundation
public import ModelLoading
import Synchronization
import TensorStore

/// The model that drew a picture, as other programs name it.
public struct PictureCheckpoint: Sendable {
    /// The name of the file or folder, or of the repository without its owner.
    public let name: String
    /// The hash of a model that is a single file; nil for a folder, of which other programs have none.
    public let hash: CheckpointHash?

    public init(name: String, hash: CheckpointHash? = nil) {
        self.name = name
        self.hash = hash
    }

    /// Begins to compute the hash.
    public init(_ source: ModelSource) {
        name = source.name.split(separator: "--").last.map(String.init) ?? source.name
        hash = source.isSingleFile ? CheckpointHash(of: source.url) : nil
    }
}

/// The SHA-256 digest of a checkpoint, by which the web UI and model sites know it.
///
/// A file in the hub's cache has its digest as its name, and a small file is read at once. A large one is read in the background
/// while the first picture is drawn, and its digest is kept in the user's cache folder. Drawing never waits for it: a picture that
/// is finished earlier has no hash.
public final class CheckpointHash: Sendable {
    private let digest = Mutex<String?>(nil)

    public convenience init(of file: URL) { self.init(of: file, cache: .standard) }

    init(of file: URL, cache: DigestCache?) {
        let target = file.resolvingSymlinksInPath()
        let name = target.lastPathComponent
        let isDigest = name.utf8.count == 64 && name.allSatisfy(\.isHexDigit)
        if let known = isDigest ? name.lowercased() : cache?.digest(of: target) {
            digest.withLock { $0 = known }
        } else if DigestCache.keeps(target) {
            Thread.detachNewThread { [self] in
                guard let found = Self.digest(of: target) else { return }
                cache?.keep(found, of: target)
                digest.withLock { $0 = found }
            }
        } else {
            let found = Self.digest(of: target)
            digest.withLock { $0 = found }
        }
    }

    /// The first ten hexadecimal digits, as the web UI shows them; nil where the file can't be read, or is not read yet.
    public var short: String? { digest.withLock { $0.map { String($0.prefix(10)) } } }

    private static func digest(of file: URL) -> String? {
        guard let handle = try? FileHandle(forReadingFrom: file) else { return nil }
        defer { try? handle.close() }
        var digest = SHA(.sha256)
        do {
            while let block = try handle.read(upToCount: 4 << 20), !block.isEmpty {
                block.withUnsafeBytes { digest.update($0) }
            }
        } catch {
            return nil
        }
        return digest.hexDigits()
    }
}

/// Digests of large files by path, size and time of change, in one file of the user's cache folder.
struct DigestCache: Sendable {
    private let file: URL
    /// A smaller file is read in less time than anybody notices.
    private static let smallestFile = 64 << 20

    /// In `$XDG_CACHE_HOME/glint`, or `~/.cache/glint`; nil where neither is known.
    static var standard: DigestCache? { UserCache.folder.map(DigestCache.init(folder:)) }

    init(folder: URL) { file = folder.appending(path: "checkpoint-digests.json") }

    private struct Entry: Codable, Equatable {
        let bytes: Int
        let changed: Double
        var sha256 = ""
    }

    func digest(of checkpoint: URL) -> String? {
        guard let now = Self.entry(checkpoint), let kept = entries[checkpoint.path] else { return nil }
        return kept.bytes == now.bytes && kept.changed == now.changed ? kept.sha256 : nil
    }

    /// Whether a file is large.
    static func keeps(_ checkpoint: URL) -> Bool { (entry(checkpoint)?.bytes ?? 0) >= smallestFile }

    /// Keeps a digest; a cache that can't be written is no loss.
    func keep(_ digest: String, of checkpoint: URL) {
        guard var entry = Self.entry(checkpoint) else { return }
        entry.sha256 = digest
        var entries = entries
        guard entries.updateValue(entry, forKey: checkpoint.path) != entry else { return }
        guard let data = try? JSONEncoder().encode(entries) else { return }
        try? FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try? data.write(to: file, options: .atomic)
    }

    private var entries: [String: Entry] {
        (try? JSONDecoder().decode([String: Entry].self, from: Data(contentsOf: file))) ?? [:]
    }

    private static func entry(_ file: URL) -> Entry? {
        guard let values = try? file.resourceValues(forKeys: [.fileSizeKey, .contentModificationDateKey]),
            let bytes = values.fileSize, let date = values.contentModificationDate
        else {
            return nil
        }
        return Entry(bytes: bytes, changed: date.timeIntervalSince1970)
    }
}
