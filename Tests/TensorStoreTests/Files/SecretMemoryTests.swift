import Foundation
import Synchronization
@testable import TensorStore
import Testing

@Suite struct SecretMemoryTests {
    private static let pages = 64
    private static let page = Int(sysconf(Int32(_SC_PAGESIZE)))

    /// A decryption of a file of `pages` pages, which counts and can be made to fail.
    private final class Decryption: Sendable {
        let count = Atomic<Int>(0)
        let fails = Atomic<Bool>(false)

        static func byte(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: index % 251 + 1) }

        func file(_ folder: String) throws -> MappedFile {
            let path = try folder.write("sealed", "sealed")
            let content = SecretContent(byteCount: SecretMemoryTests.pages * SecretMemoryTests.page) {
                (target) throws(FileError) in
                self.count.wrappingAdd(1, ordering: .relaxed)
                if self.fails.load(ordering: .relaxed) { throw .encrypted(path: path, .damaged(offset: 0)) }
                for index in target.indices { target[index] = Self.byte(index) }
            }
            return try MappedFile(MappedFile(stored: path), content)
        }
    }

    /// The pages of the file that hold memory.
    private func allocatedPages(_ file: MappedFile) -> Int {
        var status = stat()
        return fstat(file.descriptor, &status) == 0 ? Int(status.st_blocks) * 512 / Self.page : -1
    }

    /// The flags of the mapping at an address in /proc/self/smaps.
    private func flags(_ address: UnsafeRawPointer?) throws -> Set<Substring> {
        let start = String(UInt(bitPattern: address), radix: 16)
        // The system gives a page at a time, which other readers take for the whole.
        let handle = try FileHandle(forReadingFrom: URL(filePath: "/proc/self/smaps"))
        var data = Data()
        while let part = try handle.read(upToCount: 1 << 12), !part.isEmpty { data += part }
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
        let first = try #require(lines.firstIndex { $0.hasPrefix(start + "-") })
        let line = try #require(lines[first...].first { $0.hasPrefix("VmFlags:") })
        return Set(line.split(separator: " ").dropFirst())
    }

    @Test func holdsDecryptedBytes() throws {
        try withTemporaryFolder { folder in
            let file = try Decryption().file(folder)
            #expect(file.isDecrypted && file.isInMemory)
            #expect(file.byteCount == Self.pages * Self.page)
            #expect(file.identity.byteCount == 6)
            #expect(file.withUnsafeBytes { bytes in bytes.indices.allSatisfy { bytes[$0] == Decryption.byte($0) } })
            try file.checkUnchanged()
            #expect(file.decryptedByteCountInMemory == Self.pages * Self.page)
        }
    }

    @Test func isKeptOutOfCoreDumps() throws {
        try withTemporaryFolder { folder in
            let file = try Decryption().file(folder)
            let space = try WeightSpace(files: [file])
            let address = file.withUnsafeBytes { $0.baseAddress }
            #expect(try flags(address).contains("dd"))
            #expect(try flags(space.bytes.baseAddress).contains("dd"))
            withExtendedLifetime((file, space)) {}
        }
    }

    /// In a process of few rights 256 KiB are within the usual limit, but others may have used it up.
    @Test func isLockedWhereItMayBe() throws {
        try withTemporaryFolder { folder in
            let before = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let file = try Decryption().file(folder)
            let after = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            func locked(_ text: String) -> Int {
                text.split(separator: "\n").first { $0.hasPrefix("VmLck:") }
                    .flatMap { Int($0.filter(\.isNumber)) } ?? 0
            }
            if geteuid() == 0 { #expect(locked(after) - locked(before) >= Self.pages * Self.page / 1024) }
            withExtendedLifetime(file) {}
        }
    }

    @Test func keepsWhatANetworkReads() throws {
        try withTemporaryFolder { folder in
            let decryption = Decryption()
            let file = try decryption.file(folder)
            var space: WeightSpace? = try WeightSpace(files: [file])
            #expect(allocatedPages(file) == Self.pages)
            // From the middle of a page to the middle of another one.
            let kept = Self.page / 2..<3 * Self.page + 100
            space?.releaseSecrets(keeping: [ObjectIdentifier(file): RangeSet(kept)])
            #expect(allocatedPages(file) == 4)
            #expect(file.decryptedByteCountInMemory == kept.count)
            let bytes = try #require(space?.bytes)
            for index in bytes.indices {
                let expected = kept.contains(index) ? Decryption.byte(index) : 0
                if bytes[index] != expected {
                    Issue.record("byte \(index) is \(bytes[index])")
                    break
                }
            }
            #expect(decryption.count.load(ordering: .relaxed) == 1)
            // The next network has all of them again, and the first one's stay as they are.
            let other = try WeightSpace(files: [file])
            #expect(decryption.count.load(ordering: .relaxed) == 2)
            #expect(other.bytes.indices.allSatisfy { other.bytes[$0] == Decryption.byte($0) })
            other.releaseSecrets(keeping: [:])
            #expect(file.decryptedByteCountInMemory == kept.count)
            withExtendedLifetime((space, other)) {}
            space = nil
            #expect(file.decryptedByteCountInMemory == 0)
            #expect(allocatedPages(file) == 0)
            #expect(file.withUnsafeBytes { bytes in bytes.indices.allSatisfy { bytes[$0] == Decryption.byte($0) } })
        }
    }

    @Test func staysWhileANetworkIsCompiled() throws {
        try withTemporaryFolder { folder in
            let file = try Decryption().file(folder)
            let (first, second) = (try WeightSpace(files: [file]), try WeightSpace(files: [file]))
            first.releaseSecrets(keeping: [:])
            #expect(second.bytes.indices.allSatisfy { second.bytes[$0] == Decryption.byte($0) })
            second.releaseSecrets(keeping: [:])
            #expect(allocatedPages(file) == 0)
        }
    }

    @Test func staysForHoldersOfAddresses() throws {
        try withTemporaryFolder { folder in
            let file = try Decryption().file(folder)
            let bytes = file.bytes
            try WeightSpace(files: [file]).releaseSecrets(keeping: [:])
            #expect(bytes.indices.allSatisfy { bytes[$0] == Decryption.byte($0) })
            withExtendedLifetime(file) {}
        }
    }

    /// A file that was damaged after it was opened is noticed before a network is compiled from it.
    @Test func failsWhereItCannotBeDecryptedAgain() throws {
        try withTemporaryFolder { folder in
            let decryption = Decryption()
            let file = try decryption.file(folder)
            try WeightSpace(files: [file]).releaseSecrets(keeping: [:])
            decryption.fails.store(true, ordering: .relaxed)
            #expect(throws: FileError.encrypted(path: file.path, .damaged(offset: 0))) { try WeightSpace(files: [file]) }
            decryption.fails.store(false, ordering: .relaxed)
            let space = try WeightSpace(files: [file])
            #expect(space.bytes.indices.allSatisfy { space.bytes[$0] == Decryption.byte($0) })
            decryption.fails.store(true, ordering: .relaxed)
            #expect(throws: FileError.self) { try decryption.file(folder) }
        }
    }

    @Test func encryptedFilesNeedAKey() throws {
        try withTemporaryFolder { folder in
            let path = try folder.write("sealed", String(decoding: MappedFile.encryptionMark, as: UTF8.self) + "…")
            #expect(throws: FileError.encrypted(path: path, .noKey)) { try MappedFile(path: path) }
            #expect(try MappedFile(stored: path).isEncrypted)
        }
    }
}
