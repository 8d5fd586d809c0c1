import CMemoryFile

/// Guards of the process that holds keys and decrypted bytes. Networks are compiled to copies of weights in memory of the
/// runtime's, which can't be left out of core dumps one by one.
public enum ProcessProtection {
    /// Forbids core dumps, and other processes of the same user to read this one's memory.
    public static func forbidDumps() { _ = cmemoryfile_forbid_dumps() }

    public static var mayBeDumped: Bool { cmemoryfile_may_be_dumped() == 1 }
}
