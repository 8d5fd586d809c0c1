import Glibc

/// Sound that the program ffmpeg decodes: the first track of a file, at its own rate and with its own channels.
///
/// The file is ffmpeg's standard input, opened by us and reached as a file, so that its name is never interpreted. Other files
/// and the network are out of reach: formats are restricted to those that hold sound themselves, which leaves out playlists.
final class FFmpeg: SampleSource {
    private(set) var rate = 0
    private(set) var channels = 1
    private(set) var seconds: Double?
    private let input: InputFile
    private let process: ChildProcess
    private let patience: Int
    private var hasEnded = false

    /// ffmpeg's names of the formats that it may read.
    private static let formats = [
        "aac", "ac3", "aiff", "amr", "amrnb", "amrwb", "ape", "asf", "au", "avi", "caf", "dsf", "dts", "eac3", "flac", "flv",
        "latm",
        "loas", "m4v", "matroska", "mov", "mp3", "mpc", "mpc8", "mpeg", "mpegts", "ogg", "oma", "rm", "tak", "truehd", "tta",
        "voc",
        "w64", "wav", "webm", "wv",
    ]

    static let arguments = [
        "-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info",
        "-protocol_whitelist", "file,pipe", "-format_whitelist", formats.joined(separator: ","), "-i", "file:/dev/stdin",
        "-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1", "-c:a", "pcm_f32be", "-f", "au", "pipe:1",
    ]

    /// - Parameters:
    ///   - program: a path, or a name that is looked up in PATH; with `arguments` it writes Sun's AU, big-endian f32, to its
    ///     standard output.
    ///   - patience: seconds to wait for further sound before the program is ended.
    init(
        _ input: InputFile, program: String = "ffmpeg", arguments: [String] = FFmpeg.arguments, patience: Int = 60
    ) throws(AudioError) {
        self.input = input
        self.patience = patience
        do {
            process = try ChildProcess(program, arguments: arguments, input: input.descriptor)
        } catch {
            throw error.errno == ENOENT
                ? .ffmpegMissing(file: input.name, input.format) : .ffmpegNotStarted(errno: error.errno)
        }
        try readHeader()
    }

    /// Reads the header of Sun's AU: magic, offset of the samples, their size, encoding, rate, channels, each of 32 bits.
    private func readHeader() throws(AudioError) {
        var bytes = [UInt8](repeating: 0, count: 24)
        var count = try fill(&bytes)
        guard count == bytes.count, bytes.starts(with: ".snd".utf8) else { throw failure() }
        func field(_ index: Int) -> Int { bytes[4 * index..<4 * index + 4].reduce(0) { $0 << 8 | Int($1) } }
        let (offset, encoding) = (field(1), field(3))
        (rate, channels) = (field(4), field(5))
        guard encoding == 6, 24...4096 ~= offset, 1...1024 ~= channels else { throw failure() }
        // An annotation.
        var rest = [UInt8](repeating: 0, count: offset - 24)
        count = try fill(&rest)
        guard count == rest.count else { throw failure() }
        seconds = Self.seconds(in: process.messages)
    }

    func read(into target: UnsafeMutableBufferPointer<Float>) throws(AudioError) -> Int {
        let frames = target.count / channels
        let bytes = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(target)[..<(frames * channels * 4)])
        let count = try fill(bytes) / (4 * channels)
        for index in 0..<count * channels { target[index] = Float(bitPattern: UInt32(bigEndian: target[index].bitPattern)) }
        // An error after the last sample is one of the file's end, which may be cut.
        if count < frames, !hasEnded {
            hasEnded = true
            guard process.succeeded() || count > 0 else { throw failure() }
        }
        return count
    }

    private func fill(_ bytes: inout [UInt8]) throws(AudioError) -> Int {
        // Typed throws don't pass through the array's closure.
        let result = bytes.withUnsafeMutableBytes { buffer in Result { () throws(AudioError) in try fill(buffer) } }
        return try result.get()
    }

    /// Reads until the buffer is full or the output ends. Returns the number of bytes.
    private func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(AudioError) -> Int {
        var count = 0
        while count < buffer.count {
            let part: Int?
            do {
                part = try process.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]), seconds: Double(patience))
            } catch {
                throw .cannotRead(file: input.name, errno: error.errno)
            }
            guard let part else { throw .ffmpegStalled(file: input.name, seconds: patience) }
            if part == 0 { break }
            count += part
        }
        return count
    }

    // MARK: Messages

    /// The error of a program whose output has ended early.
    private func failure() -> AudioError {
        _ = process.succeeded()
        let lines = String(decoding: process.messages, as: UTF8.self).split(whereSeparator: \.isNewline)
        let errors = lines.filter { $0.contains("[error]") || $0.contains("[fatal]") }
        if errors.contains(where: { $0.contains("matches no streams") }) { return .noTrack(file: input.name, input.format) }
        let reason = errors.first ?? lines.last ?? "ffmpeg gave no sound"
        let text = reason.split(separator: "] ").last.map(String.init) ?? String(reason)
        return .corrupt(file: input.name, input.format, reason: "ffmpeg says '\(text)'")
    }

    /// The length in a line such as `Duration: 00:01:02.34, start: …`; nil for `N/A`.
    static func seconds(in messages: [UInt8]) -> Double? {
        let text = String(decoding: messages, as: UTF8.self)
        guard let start = text.firstRange(of: "Duration: ") else { return nil }
        let fields = text[start.upperBound...].prefix { $0 != "," && !$0.isNewline }.split(separator: ":").map { Double($0) }
        guard fields.count == 3, let hours = fields[0], let minutes = fields[1], let seconds = fields[2] else { return nil }
        let total = hours * 3600 + minutes * 60 + seconds
        return total.isFinite && total >= 0 ? total : nil
    }
}
