import Foundation
import TestSupport
import Testing

@testable import Hub

@Suite struct HubCacheTests {
    private static let commit = String(repeating: "c", count: 40)

    /// A cache as written by huggingface_hub.
    private func cache(_ folder: TemporaryFolder) throws -> HubCache {
        let repository = "models--owner--model"
        try folder.write("\(repository)/blobs/abc", "content")
        try folder.write("\(repository)/refs/main", Self.commit)
        try folder.write("\(repository)/refs/refs/pr/1", Self.commit)
        let snapshot = folder.url.appending(path: "\(repository)/snapshots/\(Self.commit)/unet")
        try FileManager.default.createDirectory(at: snapshot, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: snapshot.appending(path: "config.json").path, withDestinationPath: "../../../blobs/abc")
        return HubCache(folder: folder.url)
    }

    @Test func findsSnapshots() throws {
        let folder = try TemporaryFolder()
        let cache = try cache(folder)
        let path = folder.path + "/models--owner--model/snapshots/\(Self.commit)"
        for revision in ["main", "refs/pr/1", Self.commit] {
            #expect(cache.snapshot(repo: "owner/model", revision: revision)?.path == path)
        }
        #expect(cache.snapshot(repo: "owner/model", revision: "v2") == nil)
        #expect(cache.snapshot(repo: "owner/other") == nil)
        #expect(cache.snapshot(repo: "../model") == nil)
        #expect(cache.revisions(of: "owner/model") == ["main", "refs/pr/1"])
        #expect(cache.files(in: URL(filePath: path)).map(\.path) == ["unet/config.json"])
        #expect(cache.files(in: URL(filePath: path)).map(\.size) == [7])
    }

    @Test func aSnapshotThatLostItsContentIsNone() throws {
        let folder = try TemporaryFolder()
        let cache = try cache(folder)
        try FileManager.default.removeItem(atPath: folder.path + "/models--owner--model/blobs/abc")
        #expect(cache.snapshot(repo: "owner/model") == nil)
    }

    @Test func aReferenceToNoCommitIsNone() throws {
        let folder = try TemporaryFolder()
        let cache = try cache(folder)
        try folder.write("models--owner--model/refs/main", "../../../..")
        #expect(cache.snapshot(repo: "owner/model") == nil)
    }

    @Test func linksReplaceWhatIsThere() throws {
        let folder = try TemporaryFolder()
        let cache = try cache(folder)
        let file = try RemoteFile(
            path: "a/b/c.json", size: 1, digest: .gitBlob("\(Self.commit.dropLast())d"), repository: "owner/model")
        for _ in 0..<2 { try cache.link(file, of: "owner/model", commit: Self.commit) }
        let pointer = cache.snapshotFolder("owner/model", commit: Self.commit).appending(path: "a/b/c.json")
        let target = "../../../../blobs/\(file.digest.hex)"
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: pointer.path) == target)
        try FileManager.default.removeItem(at: pointer)
        try Data([1]).write(to: pointer)
        try cache.link(file, of: "owner/model", commit: Self.commit)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: pointer.path) == target)
        #expect(try FileManager.default.contentsOfDirectory(atPath: pointer.deletingLastPathComponent().path) == ["c.json"])
    }
}
