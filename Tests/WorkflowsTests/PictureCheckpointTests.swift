import Foundation
import ModelLoading
import TestSupport
import Testing

@testable import Workflows

@Suite struct PictureCheckpointTests {
    @Test func theHashIsTheBeginningOfTheFilesDigest() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("a.safetensors", "abc")
        #expect(CheckpointHash(of: file).short == "ba7816bf8f")
        #expect(CheckpointHash(of: folder.url.appending(path: "missing")).short == nil)
        #expect(CheckpointHash(of: folder.url).short == nil)
        // A link into the hub's cache says its digest.
        let name = String(repeating: "0123456789abcdef", count: 4)
        let link = folder.url.appending(path: "link.safetensors")
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: try folder.write("blobs/\(name)", ""))
        #expect(CheckpointHash(of: link).short == "0123456789")
    }

    /// A large file is read in the background, and once for all runs.
    @Test(.timeLimit(.minutes(1))) func largeFilesAreReadOnce() async throws {
        let folder = try TemporaryFolder()
        let cache = DigestCache(folder: folder.url.appending(path: "cache/glint"))
        let file = try folder.write("large", "")
        #expect(truncate(file.path, 65 << 20) == 0) // a hole
        let first = CheckpointHash(of: file, cache: cache)
        while first.short == nil { try await Task.sleep(for: .milliseconds(5)) }
        let found = try #require(cache.digest(of: file))
        #expect(found.count == 64 && first.short == String(found.prefix(10)))
        #expect(CheckpointHash(of: file, cache: cache).short == first.short)
        cache.keep("3", of: try folder.write("other", "abc"))
        #expect(cache.digest(of: file) == found)
        // Another size or time is another file, and a damaged cache is none.
        #expect(truncate(file.path, 66 << 20) == 0)
        #expect(cache.digest(of: file) == nil)
        try folder.write("cache/glint/checkpoint-digests.json", "{")
        #expect(cache.digest(of: folder.url.appending(path: "other")) == nil)
    }

    @Test func namesOfModels() throws {
        let folder = try TemporaryFolder()
        let index = #"{"_class_name": "StableDiffusionPipeline"}"#
        try folder.write("models--owner--name/snapshots/0123/model_index.json", index)
        try folder.write("dreamshaper/model_index.json", index)
        for (path, name) in [("models--owner--name/snapshots/0123", "name"), ("dreamshaper", "dreamshaper")] {
            let checkpoint = PictureCheckpoint(try ModelSource(folder.url.appending(path: path)))
            #expect(checkpoint.name == name && checkpoint.hash == nil)
        }
    }
}
