import Glibc
import Synchronization

/// Several files, mapped or in memory, and a few inline bytes in one contiguous range of addresses.
///
/// The runtime takes it as a model's weights. Each file starts at a page, in the order given; bytes between the end
/// of a file and the next page are zero; the inline bytes come last. Nothing is read or copied but the inline bytes, so a
/// space of many gigabytes costs nothing until it is touched. What `MappedFile` says about truncated files holds here too.
///
/// @unchecked: all stored properties are constants, and nothing writes to the bytes after `init`.
public final class WeightSpace: @unchecked Sendable {
    public let files: [MappedFile]
    /// The whole range, valid while this object lives: keep it as long as anything reads here.
    public let bytes: UnsafeRawBufferPointer
    /// The offset of each of `files` in `bytes`: multiples of the page size.
    public let fileOffsets: [Int]
    /// The offset of the inline bytes in `bytes`: a multiple of the page size, after all files.
    public let inlineOffset: Int
    /// The size of the range reserved at `bytes.baseAddress`: whole pages, at least one.
    private let reservedByteCount: Int
    /// The encrypted files whose bytes are kept whole for this space.
    private let lent = Mutex<[MappedFile]>([])

    /// - Parameters:
    ///   - files: each once.
    ///   - inline: small constants that lie in no file; copied.
    /// - Throws: `FileError.changed` where a file is no longer what was mapped; `.system` where the system refuses.
    public init(files: [MappedFile], inline: [UInt8] = []) throws(FileError) {
        var offsets: [Int] = []
        var end = 0
        for file in files {
            offsets.append(end)
            end += file.byteCount.roundedUpToPage
        }
        self.files = files
        fileOffsets = offsets
        inlineOffset = end
        reservedByteCount = max((end + inline.count).roundedUpToPage, 1.roundedUpToPage)
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let base = mmap(nil, reservedByteCount, PROT_NONE, flags, -1, 0), base != MAP_FAILED else {
            throw FileError(errno: errno, path: Self.name, operation: "reserve \(reservedByteCount) bytes of addresses for")
        }
        // From here on `deinit` unmaps, also after an error.
        bytes = UnsafeRawBufferPointer(start: base, count: end + inline.count)

        for (file, offset) in zip(files, offsets) where file.byteCount > 0 {
            if let secret = file.secret {
                secret.beginReading()
                lent.withLock { $0.append(file) }
            }
            try file.checkUnchanged()
            guard mmap(base + offset, file.byteCount, PROT_READ, MAP_PRIVATE | MAP_FIXED, file.descriptor, 0) != MAP_FAILED else {
                throw FileError(errno: errno, path: file.path, operation: "map")
            }
            if file.isInMemory {
                UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + file.byteCount]).excludeFromCoreDumps()
            }
        }
        guard !inline.isEmpty else { return }
        let target = UnsafeMutableRawBufferPointer(start: base + end, count: inline.count)
        guard mprotect(base + end, inline.count, PROT_READ | PROT_WRITE) == 0 else {
            throw FileError(errno: errno, path: Self.name, operation: "allocate \(inline.count) bytes for")
        }
        target.copyBytes(from: inline)
        mprotect(base + end, inline.count, PROT_READ)
    }

    deinit {
        for file in lent.withLock({ $0 }) { file.secret?.endReading(keeping: RangeSet(), for: ObjectIdentifier(self)) }
        for file in files { file.secret?.forget(ObjectIdentifier(self)) }
        munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), reservedByteCount)
    }

    /// The offset of `file` in `bytes`; it must be one of `files`.
    public func offset(of file: MappedFile) -> Int {
        guard let index = files.firstIndex(where: { $0 === file }) else {
            preconditionFailure("\(file.path) is not part of this weight space")
        }
        return fileOffsets[index]
    }

    /// Gives the memory of the files' pages read so far back to the system, here and in the files' own mappings; they stay
    /// mapped and are read again when touched. The inline bytes stay, and so do files in memory.
    public func dropPages() {
        // Each file by itself: the inline part is not a file, and would come back as zeros.
        for (file, offset) in zip(files, fileOffsets) where file.byteCount > 0 {
            file.dropPages(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + file.byteCount]))
            file.dropPages()
        }
    }

    /// Wipes the bytes of encrypted files that a network does not read once it is compiled, and returns their memory; other
    /// readers have them decrypted again. What the network reads is kept until this object is freed.
    /// - Parameter kept: the ranges that the network reads, by file.
    public func releaseSecrets(keeping kept: [ObjectIdentifier: RangeSet<Int>]) {
        let files = lent.withLock { files in
            defer { files = [] }
            return files
        }
        for file in files {
            file.secret?.endReading(keeping: kept[ObjectIdentifier(file)] ?? RangeSet(), for: ObjectIdentifier(self))
        }
    }

    /// The range's name in errors.
    private static let name = "the weights"
}

extension Int {
    private static let pageSize = sysconf(Int32(_SC_PAGESIZE))

    fileprivate var roundedUpToPage: Int { (self + Self.pageSize - 1) / Self.pageSize * Self.pageSize }
}
