import Foundation
import TensorStore

/// Short texts that tell whether the contents of files and folders are equal, whatever their names and dates.
///
/// A file of up to 4 MiB is read whole. Of a larger one 64 blocks all over it are read, with its size: that takes milliseconds
/// for a checkpoint of gigabytes, and differs where training, merging or quantizing has changed its weights. A folder is the
/// files that models consist of.
struct Fingerprints {
    private static let wholeLimit = 4 << 20
    private static let blockCount = 64
    private static let blockLength = 4096
    private static let modelEndings: Set = ["json", "txt", "safetensors", "xml", "bin"]
    /// Deeper folders belong to no model.
    private static let depthLimit = 3
    private static let fileLimit = 1000

    private struct Version: Hashable {
        let path: String
        let identity: FileIdentity
    }

    private var known: [Version: String] = [:]

    /// The fingerprint of the file or folder at `url`; nil where it can't be read.
    mutating func of(_ url: URL) -> String? {
        let url = url.resolvingSymlinksInPath()
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else { return nil }
        guard isFolder.boolValue else { return ofFile(url.path) }
        var digest = SHA(.sha256)
        for name in Self.modelFiles(in: url) {
            guard let own = ofFile(url.appending(path: name).resolvingSymlinksInPath().path) else { return nil }
            digest.update("\(name)\0\(own)\0")
        }
        return digest.short()
    }

    /// The names of a model's files in a folder and its subfolders, sorted.
    private static func modelFiles(in folder: URL) -> [String] {
        var (names, folders) = ([String](), [""])
        while let path = folders.popLast(), names.count < fileLimit {
            let depth = path.split(separator: "/").count
            let content = (try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: path).path)) ?? []
            for name in content where !name.hasPrefix(".") {
                let own = path.isEmpty ? name : "\(path)/\(name)"
                var isFolder: ObjCBool = false
                guard FileManager.default.fileExists(atPath: folder.appending(path: own).path, isDirectory: &isFolder) else {
                    continue
                }
                if isFolder.boolValue {
                    if depth + 1 < depthLimit { folders.append(own) }
                } else if modelEndings.contains(URL(filePath: name).pathExtension.lowercased()) {
                    names.append(own)
                }
            }
        }
        return names.sorted().prefix(fileLimit).map(\.self)
    }

    private mutating func ofFile(_ path: String) -> String? {
        // As it is on disk: an encrypted file need not be decrypted for it, and has a fingerprint of its own.
        guard let file = try? MappedFile(stored: path) else { return nil }
        let version = Version(path: path, identity: file.identity)
        if let fingerprint = known[version] { return fingerprint }
        var digest = SHA(.sha256)
        digest.update("\(file.byteCount)\0")
        file.withUnsafeBytes { bytes in
            if bytes.count <= Self.wholeLimit {
                digest.update(bytes)
            } else {
                let last = bytes.count - Self.blockLength
                for index in 0..<Self.blockCount {
                    // In two steps, so that no product is beyond Int.
                    let (share, rest) = last.quotientAndRemainder(dividingBy: Self.blockCount - 1)
                    let start = share * index + rest * index / (Self.blockCount - 1)
                    digest.update(UnsafeRawBufferPointer(rebasing: bytes[start..<start + Self.blockLength]))
                }
            }
        }
        let fingerprint = digest.short()
        known[version] = fingerprint
        return fingerprint
    }
}

extension SHA {
    fileprivate mutating func update(_ text: String) {
        var text = text
        text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
    }

    /// 128 bits, as many as accidents need.
    fileprivate consuming func short() -> String { String(hexDigits().prefix(32)) }
}
