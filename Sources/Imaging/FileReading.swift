import Glibc

/// The bytes of a picture file. Reading stops at the first block where the file is no picture.
func readPicture(path: String, limits: ImageLimits) throws(ImageError) -> [UInt8] {
    // A C string would end there, and name another file.
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
        // A pipe may give less at once than a signature takes.
        if bytes.count >= 8, ImageFormat(signatureOf: bytes) == nil { return bytes }
    }
}
