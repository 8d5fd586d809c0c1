import Encryption
import Foundation
import TensorStore
import TestSupport
import Testing

/// A file of the format, and what is done to it.
struct EncryptedSample {
    let folder: TemporaryFolder
    let key: EncryptionKey
    let plain: [UInt8]
    let path: String

    static let chunk = 1 << 16
    static let sealedChunk = chunk + 16

    init(byteCount: Int, algorithm: ChunkAlgorithm = .aes256GCM, name: String = "") throws {
        folder = try TemporaryFolder()
        key = try EncryptionKey.random()
        // No two chunks are the same.
        plain = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 11) }
        let source = try folder.write("plain", plain).path
        path = folder.path + "/sealed"
        _ = try FileEncryption.encrypt(MappedFile(stored: source), to: path, name: name, key: key, algorithm: algorithm)
    }

    var stored: [UInt8] { get throws { Array(try Data(contentsOf: URL(filePath: path))) } }
    var headerByteCount: Int {
        get throws { try stored.count - plain.count - 16 * max(1, (plain.count + Self.chunk - 1) / Self.chunk) }
    }

    /// The content as readers see it, with the keys.
    func read(_ keys: [EncryptionKey]? = nil) throws -> [UInt8] {
        let keyring = Keyring(keys: keys ?? [key])
        let content = try #require(try keyring.content(of: MappedFile(stored: path)))
        var bytes = [UInt8](repeating: 0, count: content.byteCount)
        try bytes.withUnsafeMutableBytes { try content.fill($0) }
        return bytes
    }

    /// The fault of reading the bytes in the file's place.
    func fault(of bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) throws -> EncryptionFault? {
        try Data(bytes).write(to: URL(filePath: path))
        let error = #expect(throws: FileError.self, sourceLocation: sourceLocation) { try read() }
        guard case .encrypted(path, let fault) = error else {
            Issue.record("\(String(describing: error))", sourceLocation: sourceLocation)
            return nil
        }
        return fault
    }
}

@Suite struct EncryptedFileTests {
    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 131_072, 3_000_000], ChunkAlgorithm.allCases)
    func readsWhatWasWritten(_ byteCount: Int, _ algorithm: ChunkAlgorithm) throws {
        let sample = try EncryptedSample(byteCount: byteCount, algorithm: algorithm)
        #expect(try sample.read() == sample.plain)
        let stored = try sample.stored
        #expect(stored.count == byteCount + 16 * max(1, (byteCount + 65_535) / 65_536) + 102)
        // Nothing of the plain bytes is there.
        if byteCount > 100 { #expect(stored.firstRange(of: sample.plain[20..<52]) == nil) }
        // Decrypted to disk it is the same, and its owner's alone.
        let out = sample.folder.path + "/out"
        _ = try FileEncryption.decrypt(MappedFile(stored: sample.path), to: out, keys: Keyring(keys: [sample.key]))
        #expect(try Array(Data(contentsOf: URL(filePath: out))) == sample.plain)
        var status = stat()
        #expect(stat(out, &status) == 0 && status.st_mode & 0o077 == 0)
    }

    /// Each bit of the header, and one in every part of the chunks.
    @Test func noticesEveryFlippedBit() throws {
        let sample = try EncryptedSample(byteCount: 200_000)
        let stored = try sample.stored
        let header = try sample.headerByteCount
        #expect(header == 102)
        for bit in 0..<header * 8 {
            var bytes = stored
            bytes[bit / 8] ^= 1 << (bit % 8)
            // Without the mark it is a file of another kind, which no reader of models takes.
            guard bit / 8 >= 16 else { continue }
            let fault = try #require(try sample.fault(of: bytes))
            switch (bit / 8, fault) {
            case (16, .version), (17...19, .header), (20..<28, .header), (28..<36, .otherKey), (36..., .header): break
            default: Issue.record("byte \(bit / 8): \(fault)")
            }
        }
        for offset in stride(from: header, to: stored.count, by: 997) {
            var bytes = stored
            bytes[offset] ^= 1 << (offset % 8)
            let chunk = (offset - header) / EncryptedSample.sealedChunk
            let fault = try sample.fault(of: bytes)
            // The first damaged chunk of a batch that a thread reads.
            #expect(fault == .damaged(offset: header + chunk * EncryptedSample.sealedChunk))
        }
    }

    @Test func noticesEveryCut() throws {
        let sample = try EncryptedSample(byteCount: 150_000)
        let stored = try sample.stored
        let header = try sample.headerByteCount
        let (first, second) = (header + EncryptedSample.sealedChunk, header + 2 * EncryptedSample.sealedChunk)
        for count in [header, header + 1, first - 1, first, first + 16, second, stored.count - 16, stored.count - 1] {
            #expect(try sample.fault(of: Array(stored[..<count])) == .size(expected: stored.count, found: count))
        }
        for count in 17..<header {
            guard case .header = try sample.fault(of: Array(stored[..<count])) else {
                Issue.record("cut to \(count) bytes")
                continue
            }
        }
        #expect(try sample.fault(of: stored + [0]) == .size(expected: stored.count, found: stored.count + 1))
    }

    /// A cut at a chunk's end, with a header that says so, needs the key; the last chunk's mark is another guard.
    @Test func noticesChunksInOtherPlaces() throws {
        let sample = try EncryptedSample(byteCount: 4 * EncryptedSample.chunk)
        let stored = try sample.stored
        let header = try sample.headerByteCount
        func range(_ chunk: Int) -> Range<Int> {
            header + chunk * EncryptedSample.sealedChunk..<header + (chunk + 1) * EncryptedSample.sealedChunk
        }
        var swapped = stored
        swapped.replaceSubrange(range(1), with: stored[range(2)])
        swapped.replaceSubrange(range(2), with: stored[range(1)])
        #expect(try sample.fault(of: swapped) == .damaged(offset: range(1).lowerBound))
        var repeated = stored
        repeated.replaceSubrange(range(2), with: stored[range(1)])
        #expect(try sample.fault(of: repeated) == .damaged(offset: range(2).lowerBound))
        var last = stored
        last.replaceSubrange(range(3), with: stored[range(2)])
        #expect(try sample.fault(of: last) == .damaged(offset: range(3).lowerBound))
        // Of another file with the same key and the same content.
        let other = sample.folder.path + "/other"
        _ = try FileEncryption.encrypt(MappedFile(stored: sample.folder.path + "/plain"), to: other, key: sample.key)
        let foreign = Array(try Data(contentsOf: URL(filePath: other)))
        var mixed = stored
        mixed.replaceSubrange(range(1), with: foreign[range(1)])
        #expect(try sample.fault(of: mixed) == .damaged(offset: range(1).lowerBound))
        // The other file's header over this one's chunks.
        #expect(try sample.fault(of: Array(foreign[..<header]) + Array(stored[header...])) == .damaged(offset: header))
    }

    @Test func namesTheKeys() throws {
        let sample = try EncryptedSample(byteCount: 10)
        let other = try EncryptionKey.random()
        #expect(throws: FileError.encrypted(path: sample.path, .noKey)) { try sample.read([]) }
        let fault = EncryptionFault.otherKey(file: "\(sample.key.id)", given: ["\(other.id)"])
        #expect(throws: FileError.encrypted(path: sample.path, fault)) { try sample.read([other]) }
        #expect(try sample.read([other, sample.key]) == sample.plain)
        let error = #expect(throws: FileError.self) { try sample.read([other]) }
        #expect(error?.description.contains("\(sample.key.id)") == true)
        #expect(error?.description.contains(sample.key.hexadecimal) == false)
    }

    @Test func isReadUnderItsNameAlone() throws {
        let sample = try EncryptedSample(byteCount: 100, name: "unet/config.json")
        let files = FileManager.default
        for folder in ["a/unet", "a/vae"] {
            try files.createDirectory(atPath: sample.folder.path + "/" + folder, withIntermediateDirectories: true)
        }
        let keyring = Keyring(keys: [sample.key])
        let (right, wrong) = (sample.folder.path + "/a/unet/config.json", sample.folder.path + "/a/vae/config.json")
        for path in [right, wrong] { try files.copyItem(atPath: sample.path, toPath: path) }
        #expect(try keyring.content(of: MappedFile(stored: right)) != nil)
        #expect(throws: FileError.encrypted(path: wrong, .name("unet/config.json"))) {
            try keyring.content(of: MappedFile(stored: wrong))
        }
    }

    @Test func takesAnotherKey() throws {
        let sample = try EncryptedSample(byteCount: 200_000, algorithm: .chaCha20Poly1305, name: "sealed")
        let new = try EncryptionKey.random()
        let target = sample.folder.path + "/new/sealed"
        try FileManager.default.createDirectory(atPath: sample.folder.path + "/new", withIntermediateDirectories: true)
        _ = try FileEncryption.rekey(MappedFile(stored: sample.path), to: target, keys: Keyring(keys: [sample.key]), key: new)
        let out = sample.folder.path + "/out"
        _ = try FileEncryption.decrypt(MappedFile(stored: target), to: out, keys: Keyring(keys: [new]))
        #expect(try Array(Data(contentsOf: URL(filePath: out))) == sample.plain)
        #expect(throws: FileError.self) {
            try FileEncryption.decrypt(MappedFile(stored: target), to: out, keys: Keyring(keys: [sample.key]))
        }
        // Not a chunk is the same.
        let (old, fresh) = (try sample.stored, Array(try Data(contentsOf: URL(filePath: target))))
        #expect(zip(old[200...], fresh[200...]).count { $0 == $1 } < old.count / 100)
    }

    @Test func leavesNoFileWhereDecryptingFails() throws {
        let sample = try EncryptedSample(byteCount: 200_000)
        var bytes = try sample.stored
        bytes[bytes.count - 1] ^= 1
        try Data(bytes).write(to: URL(filePath: sample.path))
        let out = sample.folder.path + "/out"
        #expect(throws: FileError.self) {
            try FileEncryption.decrypt(MappedFile(stored: sample.path), to: out, keys: Keyring(keys: [sample.key]))
        }
        #expect(try sample.folder.contents == ["plain", "sealed"])
    }

    /// Random changes to a header never trap.
    @Test func readsAnyHeader() throws {
        let sample = try EncryptedSample(byteCount: 100, name: "a/b")
        let header = Array(try sample.stored.prefix(105))
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = header
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 16..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes.removeLast(Bool.random(using: &random) ? Int.random(in: 0..<bytes.count, using: &random) : 0)
            do throws(EncryptionFault) {
                _ = try EncryptedHeader(parsing: bytes)
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
    }
}
