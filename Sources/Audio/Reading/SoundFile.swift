import CSndFile
import Glibc
import Synchronization

/// A sound file that libsndfile decodes.
final class SoundFile: SampleSource {
    let rate: Int
    let channels: Int
    let seconds: Double?
    private let input: InputFile
    private let position: FilePosition
    private let handle: OpaquePointer

    /// libsndfile keeps the error of a file that it can't open in one place for all threads.
    private static let opening = Mutex<Void>(())

    /// An error of opening, with whether another decoder may know the file.
    struct OpenError: Error {
        let reason: String
        let isUnknownKind: Bool
    }

    init(_ input: InputFile) throws(OpenError) {
        var info = SF_INFO()
        let position = FilePosition(descriptor: input.descriptor)
        var opened: OpaquePointer?
        let failure = Self.opening.withLock { _ -> OpenError? in
            var access = FilePosition.access
            opened = sf_open_virtual(&access, CInt(SFM_READ), &info, Unmanaged.passUnretained(position).toOpaque())
            guard opened == nil else { return nil }
            let code = sf_error(nil)
            let isUnknownKind = [SF_ERR_UNRECOGNISED_FORMAT, SF_ERR_UNSUPPORTED_ENCODING].contains { CInt($0) == code }
            return OpenError(reason: Self.message(sf_strerror(nil)), isUnknownKind: isUnknownKind)
        }
        guard let opened else { throw failure ?? OpenError(reason: "unknown error", isUnknownKind: false) }
        handle = opened
        self.input = input
        self.position = position
        rate = Int(info.samplerate)
        channels = max(1, Int(info.channels))
        // libsndfile's mark of an unknown length.
        seconds =
            info.frames < 0 || info.frames == .max || info.samplerate <= 0 ? nil : Double(info.frames) / Double(info.samplerate)
    }

    deinit { sf_close(handle) }

    func read(into target: UnsafeMutableBufferPointer<Float>) throws(AudioError) -> Int {
        let count = sf_readf_float(handle, target.baseAddress, sf_count_t(target.count / channels))
        guard count <= 0, sf_error(handle) != CInt(SF_ERR_NO_ERROR) else { return max(0, Int(count)) }
        throw .corrupt(file: input.name, input.format, reason: Self.message(sf_strerror(handle)))
    }

    /// libsndfile's message without its full stop and line end.
    private static func message(_ text: UnsafePointer<CChar>?) -> String {
        var message = text.map { String(cString: $0) } ?? "unknown error"
        while let last = message.last, last == "." || last.isWhitespace { message.removeLast() }
        return message
    }
}

/// A place in a file for libsndfile to read at. It is not given the descriptor, because it closes that of a file that it can't
/// open, even when told not to.
private final class FilePosition {
    private let descriptor: CInt
    private var offset = 0

    init(descriptor: CInt) { self.descriptor = descriptor }

    private var end: Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? status.st_size : 0
    }

    private func read(_ target: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        guard let target, count > 0 else { return 0 }
        var read = -1
        repeat { read = pread(descriptor, target, count, offset) } while read < 0 && errno == EINTR
        offset += max(0, read)
        return max(0, read)
    }

    private func seek(_ distance: Int, from whence: CInt) -> Int {
        let start = whence == SEEK_CUR ? offset : whence == SEEK_END ? end : 0
        let (place, overflow) = start.addingReportingOverflow(distance)
        guard !overflow, place >= 0 else { return -1 }
        offset = place
        return place
    }

    private static func of(_ user: UnsafeMutableRawPointer?) -> FilePosition? {
        user.map { Unmanaged<FilePosition>.fromOpaque($0).takeUnretainedValue() }
    }

    static let access = SF_VIRTUAL_IO(
        get_filelen: { sf_count_t(FilePosition.of($0)?.end ?? 0) },
        seek: { sf_count_t(FilePosition.of($2)?.seek(Int($0), from: $1) ?? -1) },
        read: { sf_count_t(FilePosition.of($2)?.read($0, Int($1)) ?? 0) },
        write: { _, _, _ in 0 },
        tell: { sf_count_t(FilePosition.of($0)?.offset ?? -1) })
}
