import Foundation
import TestSupport
import Testing
@testable import Workflows

@Suite struct FingerprintsTests {
    private let folder: TemporaryFolder
    private let store = Store()

    init() throws { folder = try TemporaryFolder() }

    /// Keeps fingerprints between calls.
    private final class Store {
        private var fingerprints = Fingerprints()
        func of(_ url: URL) -> String? { fingerprints.of(url) }
    }

    @Test func contentsAndNotNamesOrDates() throws {
        let a = try folder.write("a", [1, 2, 3])
        let b = try folder.write("b", [1, 2, 3])
        let first = try #require(store.of(a))
        #expect(first.count == 32 && store.of(b) == first)
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 0)], ofItemAtPath: a.path)
        #expect(store.of(a) == first)
        try folder.write("a", [1, 2, 4])
        #expect(store.of(a) != first)
        #expect(store.of(folder.url.appending(path: "none")) == nil)
    }

    /// Of a large file blocks are read, all over it.
    @Test func largeFiles() throws {
        var bytes = [UInt8](repeating: 7, count: 5 << 20)
        let url = try folder.write("large", bytes)
        let first = try #require(store.of(url))
        for index in stride(from: 0, to: bytes.count, by: 2) { bytes[index] ^= 1 }
        try folder.write("large", bytes)
        let second = try #require(store.of(url))
        bytes.removeLast()
        try folder.write("large", bytes)
        #expect(Set([first, second, store.of(url)]).count == 3)
        bytes[bytes.count - 1] ^= 1
        try folder.write("large", bytes)
        #expect(store.of(url) != second)
    }

    @Test func foldersAreTheirModelFiles() throws {
        try folder.write("m/model_index.json", "{}")
        try folder.write("m/unet/x.safetensors", [1])
        let model = folder.url.appending(path: "m")
        let first = try #require(store.of(model))
        try folder.write("m/README.md", "text")
        #expect(store.of(model) == first)
        try folder.write("m/unet/x.safetensors", [2])
        #expect(store.of(model) != first)
        // A link, as in the hub's cache, is its target.
        let link = folder.url.appending(path: "link")
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: model)
        #expect(store.of(link) == store.of(model))
    }
}
