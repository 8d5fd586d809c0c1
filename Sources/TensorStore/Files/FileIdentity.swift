import Glibc

/// What tells one state of a file from another without reading it.
public struct FileIdentity: Sendable, Hashable {
    public let device: UInt64
    public let inode: UInt64
    public let byteCount: Int
    /// Time of the last modification, in nanoseconds since 1970.
    public let modificationTime: Int64

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        byteCount = Int(status.st_size)
        modificationTime = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
    }
}

extension FileIdentity: CustomStringConvertible {
    public var description: String { "\(device):\(inode) \(byteCount) \(modificationTime)" }
}
