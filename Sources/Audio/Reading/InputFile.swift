import Glibc
import TensorStore

/// An open file of sound whose bytes can be read at any place, and what its first bytes tell.
///
/// A pipe is copied to a temporary file first.
final class InputFile {
    /// The name in messages.
    let name: String
    let descriptor: CInt
    let format: AudioFormat?
    /// The kind by its first bytes; `.unknown` for sound.
    let kind: FileKind

    /// The most bytes of a pipe that are kept.
    static let pipeLimit = 4 << 30

    convenience init(path: String) throws(AudioError) {
        // The C string would end at the NUL, and name another file.
        guard !path.utf8.contains(0) else { throw .cannotRead(file: path, errno: EINVAL) }
        let opened = open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else {
            let code = errno
            throw code == ENOENT || code == ENOTDIR ? .missing(file: path) : .cannotRead(file: path, errno: code)
        }
        var status = stat()
        guard fstat(opened, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
            close(opened)
            throw .cannotRead(file: path, errno: EISDIR)
        }
        guard status.st_mode & S_IFMT != S_IFREG else {
            try self.init(owning: opened, name: path)
            return
        }
        defer { close(opened) }
        let copy = try TemporaryFile.open(for: path)
        do {
            try Self.copy(opened, to: copy, name: path)
        } catch {
            close(copy)
            throw error
        }
        try self.init(owning: copy, name: path)
    }

    /// A file's content in memory, such as an upload.
    convenience init(bytes: [UInt8], name: String) throws(AudioError) {
        let copy = try TemporaryFile.open(for: name)
        do {
            try TemporaryFile.append(bytes.span.bytes, to: copy, name: name)
        } catch {
            close(copy)
            throw error
        }
        try self.init(owning: copy, name: name)
    }

    /// - Parameter descriptor: of a regular file; it is closed with this object, and here on failure.
    private init(owning descriptor: CInt, name: String) throws(AudioError) {
        self.name = name
        self.descriptor = descriptor
        var start = [UInt8](repeating: 0, count: FileKind.examinedByteCount)
        let count = pread(descriptor, &start, start.count, 0)
        let code = errno
        start.removeSubrange(max(0, count)...)
        format = AudioFormat(signatureOf: start)
        kind = format == nil ? FileKind(firstBytes: start) : .unknown(Array(start.prefix(16)))
        // The object is complete, so that its `deinit` closes the file.
        guard count >= 0 else { throw .cannotRead(file: name, errno: code) }
    }

    deinit { close(descriptor) }

    /// Copies a pipe or device. It stops after the first bytes if they show that there is no sound.
    private static func copy(_ source: CInt, to target: CInt, name: String) throws(AudioError) {
        var block = [UInt8](repeating: 0, count: 256 << 10)
        var start: [UInt8] = []
        var total = 0
        while true {
            let count = read(source, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .cannotRead(file: name, errno: errno) }
            guard count > 0 else { return }
            try TemporaryFile.append(block.span.bytes.extracting(first: count), to: target, name: name)
            total += count
            guard total <= pipeLimit else { throw .pipeTooLong(file: name, limit: pipeLimit) }
            guard start.count < FileKind.examinedByteCount else { continue }
            start += block[..<count]
            if start.count >= FileKind.examinedByteCount, AudioFormat(signatureOf: start) == nil,
                !FileKind(firstBytes: start).canBeSound
            {
                return
            }
        }
    }
}

extension FileKind {
    /// Whether a file of a kind that is not sound's may be sound all the same, of a kind that only ffmpeg knows.
    var canBeSound: Bool {
        switch self {
        // Two kinds of few marks.
        case .unknown, .pickle, .onnx: true
        default: false
        }
    }
}
