import Glibc

/// Reads a picture file. If it has no known signature, reading stops after the first block.
func readPicture(path: String, limits: ImageLimits) throws(ImageError) -> [UInt8] {
    // The C string would end at the NUL, and name another file.
    guard !path.utf8.contains(0) else { throw .cannotRead(file: path, errno: EINVAL) }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
        let code = errno
        throw code == ENOENT || code == ENOTDIR ? .missing(file: path) : .cannotRead(file: path, errno: code)
    }
    defer { close(descriptor) }

    var bytes: [UInt8] = []
    var status = stat()
    if fstat(descriptor, &status) == 0 { bytes.reserveCapacity(max(0, min(status.st_size, limits.fileBytes))) }
    var block = [UInt8](repeating: 0, count: 256 << 10)
    while true {
        let count = read(descriptor, &block, block.count)
        if count < 0 {
            if errno == EINTR { continue }
            throw .cannotRead(file: path, errno: errno)
        }
        if count == 0 { return bytes }
        guard count <= limits.fileBytes - bytes.count else { throw .fileTooLarge(file: path, limit: limits.fileBytes) }
        bytes += block[..<count]
        // A pipe's first read may return less than a signature.
        if bytes.count >= ImageFormat.signatureLength, ImageFormat(signatureOf: bytes) == nil { return bytes }
    }
}

/// Writes a file atomically: into a temporary file in the same folder, which is then renamed. An existing file stays
/// until then and passes on its permissions. Symbolic links are followed. A path that is not a regular file
/// (`/dev/stdout`, a pipe) is written to directly.
///
/// - Throws: `ImageError.cannotWrite`; the folder is then unchanged.
public func writeAtomically(_ bytes: [UInt8], to path: String) throws(ImageError) {
    switch try OutputTarget(path: path) {
    case .stream:
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotWrite(file: path, errno: errno) }
        let code = writeAll(bytes, to: descriptor)
        close(descriptor)
        guard code == 0 else { throw .cannotWrite(file: path, errno: code) }
    case .file(let target, let mode):
        var temporary = try TemporaryFile(beside: target, mode: mode, for: path)
        try temporary.write(bytes, for: path)
        try temporary.rename(to: target, for: path)
    }
}

/// Checks that `writeAtomically` can write to `path`, for use before the work whose result is to be saved. Leaves no file.
/// - Throws: `ImageError.cannotWrite` if it can't.
public func checkWritable(path: String) throws(ImageError) {
    switch try OutputTarget(path: path) {
    case .stream:
        guard access(path, W_OK) == 0 else { throw .cannotWrite(file: path, errno: errno) }
    case .file(let target, let mode): _ = try TemporaryFile(beside: target, mode: mode, for: path)
    }
}

/// The kinds of target that an output path can refer to.
private enum OutputTarget {
    /// A regular file, which may not exist yet. `path` has its links resolved; `mode` are the permissions to keep.
    case file(path: String, mode: mode_t?)
    /// A device, pipe or socket.
    case stream

    init(path: String) throws(ImageError) {
        guard !path.utf8.contains(0) else { throw .cannotWrite(file: path, errno: EINVAL) }
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            // The file may be created, unless the name is a dangling link.
            guard code == ENOENT, path.last != "/", lstat(path, &status) != 0 else {
                throw .cannotWrite(file: path, errno: path.last == "/" ? EISDIR : code)
            }
            self = .file(path: path, mode: nil)
            return
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: throw .cannotWrite(file: path, errno: EISDIR)
        case S_IFREG:
            guard access(path, W_OK) == 0, let resolved = realpath(path, nil) else {
                throw .cannotWrite(file: path, errno: errno)
            }
            defer { free(resolved) }
            self = .file(path: String(cString: resolved), mode: status.st_mode & 0o777)
        default: self = .stream
        }
    }
}

/// A temporary file beside the target. It is deleted with this value unless it was renamed.
private struct TemporaryFile: ~Copyable {
    private let path: String
    private let descriptor: CInt
    private var isRenamed = false

    init(beside target: String, mode: mode_t?, for file: String) throws(ImageError) {
        let folder = target.lastIndex(of: "/").map { String(target[...$0]) } ?? ""
        let path = folder + ".glint-" + String(UInt64.random(in: .min ... .max), radix: 36) + ".tmp"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .cannotWrite(file: file, errno: errno) }
        if let mode { fchmod(descriptor, mode) }
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
        if !isRenamed { unlink(path) }
    }

    mutating func write(_ bytes: [UInt8], for file: String) throws(ImageError) {
        var code = writeAll(bytes, to: descriptor)
        // Some file systems have no fsync.
        if code == 0, fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP { code = errno }
        guard code == 0 else { throw .cannotWrite(file: file, errno: code) }
    }

    mutating func rename(to target: String, for file: String) throws(ImageError) {
        guard Glibc.rename(path, target) == 0 else { throw .cannotWrite(file: file, errno: errno) }
        isRenamed = true
    }
}

/// Writes all bytes. Returns 0 or the error number.
private func writeAll(_ bytes: [UInt8], to descriptor: CInt) -> CInt {
    bytes.withUnsafeBytes { buffer in
        var offset = 0
        while offset < buffer.count {
            let count = write(descriptor, buffer.baseAddress.map { $0 + offset }, buffer.count - offset)
            if count < 0 {
                if errno == EINTR { continue }
                return errno
            }
            offset += count
        }
        return 0
    }
}
