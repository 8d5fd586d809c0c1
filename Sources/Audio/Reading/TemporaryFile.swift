import Glibc

/// A file without a name, which the system deletes when it is closed. Its owner closes it.
enum TemporaryFile {
    static func open(for name: String) throws(AudioError) -> CInt {
        guard let file = tmpfile() else { throw .cannotStore(file: name, errno: errno) }
        defer { fclose(file) }
        let descriptor = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { throw .cannotStore(file: name, errno: errno) }
        return descriptor
    }

    /// Writes all bytes at the end.
    static func append(_ bytes: RawSpan, to descriptor: CInt, name: String) throws(AudioError) {
        var offset = 0
        while offset < bytes.byteCount {
            let rest = bytes.extracting(offset...)
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 || errno == EINTR else { throw .cannotStore(file: name, errno: errno) }
            offset += max(0, count)
        }
    }
}
