import CMemoryFile
import Glibc
import Synchronization

/// The decrypted bytes of a file: memory that core dumps leave out, that is locked as far as the system allows, and that is
/// overwritten and returned when nothing needs it.
///
/// Bytes are there while anyone reads them. Once a network is compiled, only what it still reads stays
/// (`WeightSpace.releaseSecrets`); a later reader has the file decrypted again.
///
/// @unchecked: the constants are never changed, and the state is behind a lock.
final class SecretMemory: @unchecked Sendable {
    /// The file as it is on disk.
    let stored: MappedFile
    private let content: SecretContent
    private let memory: MemoryFile
    private let state: Mutex<State>
    private let lockedByteCount: Int
    private static let page = Int(sysconf(Int32(_SC_PAGESIZE)))

    private struct State {
        /// The ranges whose bytes are in memory.
        var resident = RangeSet<Int>()
        /// The number of readers that need all bytes now.
        var readers = 0
        /// Whether someone holds an address without saying for how long.
        var isExposed = false
        /// The ranges that compiled networks read, by network.
        var kept: [ObjectIdentifier: RangeSet<Int>] = [:]
        var failure: FileError?

        func isWhole(_ byteCount: Int) -> Bool { resident.ranges.first == 0..<byteCount }
    }

    /// Allocates the memory and decrypts into it.
    /// - Throws: `FileError`.
    init(_ content: SecretContent, of stored: MappedFile) throws(FileError) {
        self.content = content
        self.stored = stored
        memory = try MemoryFile(stored.path, byteCount: content.byteCount)
        guard cmemoryfile_seal_size(memory.descriptor) == 0 else {
            throw FileError(errno: errno, path: stored.path, operation: "protect")
        }
        state = Mutex(State())
        lockedByteCount = memory.bytes.map { SecretLocking.lock(UnsafeRawBufferPointer($0)) } ?? 0
        // From here on `deinit` gives back what was locked, also after an error.
        if lockedByteCount < content.byteCount, SecretLocking.isRequired {
            throw .encrypted(
                path: stored.path,
                .notLocked(byteCount: content.byteCount - lockedByteCount, limit: SecretLocking.limit))
        }
        if let failure = state.withLock({ fill(&$0) }) { throw failure }
    }

    deinit {
        state.withLock { state in
            (state.kept, state.readers, state.isExposed) = ([:], 0, false)
            wipe(&state)
        }
        SecretLocking.unlocked(lockedByteCount, of: content.byteCount)
    }

    /// A read-only mapping of its own descriptor.
    func mapping() throws(FileError) -> Mapping {
        let copy = fcntl(memory.descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw FileError(errno: errno, path: stored.path, operation: "map") }
        return try Mapping.ofMemory(copy, byteCount: content.byteCount, name: stored.path).0
    }

    /// The error of decrypting again, if it failed: the bytes are then not those of the file.
    var failure: FileError? { state.withLock { $0.failure } }

    /// The number of bytes that are in memory now.
    var residentByteCount: Int { state.withLock { $0.resident.ranges.reduce(0) { $0 + $1.count } } }

    /// Keeps all bytes in memory from now on.
    func expose() {
        state.withLock { state in
            state.isExposed = true
            fill(&state)
        }
    }

    func beginReading() {
        state.withLock { state in
            state.readers += 1
            fill(&state)
        }
    }

    /// Ends what `beginReading` began. The bytes stay until a network is compiled.
    func endReading() { state.withLock { $0.readers -= 1 } }

    /// Ends what `beginReading` began for a network that is compiled, and wipes what nothing reads any more.
    func endReading(keeping ranges: RangeSet<Int>, for network: ObjectIdentifier) {
        state.withLock { state in
            state.readers -= 1
            if !ranges.isEmpty { state.kept[network] = ranges }
            wipe(&state)
        }
    }

    /// The network is freed.
    func forget(_ network: ObjectIdentifier) {
        state.withLock { state in
            if state.kept.removeValue(forKey: network) != nil { wipe(&state) }
        }
    }

    /// Decrypts the file where bytes of it are missing. Bytes that networks read are written over by the same bytes.
    @discardableResult
    private func fill(_ state: inout State) -> FileError? {
        guard let bytes = memory.bytes, !state.isWhole(bytes.count) else { return nil }
        do throws(FileError) {
            try content.fill(bytes)
            state.resident.insert(contentsOf: 0..<bytes.count)
            state.failure = nil
        } catch {
            state.failure = error
        }
        return state.failure
    }

    /// Overwrites and returns what no one needs.
    private func wipe(_ state: inout State) {
        guard state.readers == 0, !state.isExposed, let bytes = memory.bytes else { return }
        let kept = state.kept.values.reduce(into: RangeSet<Int>()) { $0.formUnion($1) }
        for range in state.resident.subtracting(kept).ranges {
            UnsafeMutableRawBufferPointer(rebasing: bytes[range]).overwrite()
            // Whole pages are returned: those at both ends too, where nothing else of them is kept.
            let start = range.lowerBound / Self.page * Self.page
            let end = (range.upperBound + Self.page - 1) / Self.page * Self.page
            let first = kept.intersects(start..<range.lowerBound) ? range.lowerBound : start
            let last = kept.intersects(range.upperBound..<end) ? range.upperBound : end
            // Failing, it leaves zeros in memory that stays allocated.
            _ = cmemoryfile_release(memory.descriptor, first, last - first)
        }
        state.resident.formIntersection(kept)
    }
}

extension RangeSet<Int> {
    fileprivate func intersects(_ range: Range<Int>) -> Bool { !intersection(RangeSet(range)).isEmpty }
}

extension UnsafeMutableRawBufferPointer {
    /// Overwrites the bytes by zeros in a way that the compiler does not leave out.
    public func overwrite() {
        if let baseAddress { explicit_bzero(baseAddress, count) }
    }
}

/// Locking of decrypted bytes in memory, in this process.
public enum SecretLocking {
    private struct Totals {
        var isRequired = false
        var locked = 0
        var unlocked = 0
        var mostUnlocked = 0
    }

    private static let totals = Mutex(Totals())

    /// Whether decrypted bytes that can't be locked are refused (`EncryptionFault.notLocked`). By default they are not.
    public static var isRequired: Bool {
        get { totals.withLock { $0.isRequired } }
        set { totals.withLock { $0.isRequired = newValue } }
    }

    /// The most bytes at one time that could not be locked, and so may be written to swap.
    public static var mostUnlockedByteCount: Int { totals.withLock { $0.mostUnlocked } }

    /// The most bytes that this process may lock.
    public static var limit: Int { Int(clamping: cmemoryfile_lock_limit()) }

    /// Locks as many of the first bytes as the limit allows.
    /// - Returns: how many.
    static func lock(_ bytes: UnsafeRawBufferPointer) -> Int {
        totals.withLock { totals in
            var count = bytes.count
            if mlock(bytes.baseAddress, count) != 0 {
                let page = Int(sysconf(Int32(_SC_PAGESIZE)))
                count = min(bytes.count, max(0, limit - totals.locked) / page * page)
                while count > 0, mlock(bytes.baseAddress, count) != 0 { count = count / 2 / page * page }
            }
            totals.locked += count
            totals.unlocked += bytes.count - count
            totals.mostUnlocked = max(totals.mostUnlocked, totals.unlocked)
            return count
        }
    }

    /// Counts memory as given back, of which `count` bytes were locked.
    static func unlocked(_ count: Int, of byteCount: Int) {
        totals.withLock { totals in
            totals.locked -= count
            totals.unlocked -= byteCount - count
        }
    }
}

extension MappedFile {
    /// Of an encrypted file, the number of its decrypted bytes that are in memory; nil for others.
    public var decryptedByteCountInMemory: Int? { secret?.residentByteCount }
}
