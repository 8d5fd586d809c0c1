import Glibc
public import TensorStore

/// An error of sound, of a sound file, or of its features.
public enum AudioError: Error, Equatable, Sendable {
    case missing(file: String)
    /// A file that can't be read; `errno` is the system's error number.
    case cannotRead(file: String, errno: CInt)
    /// Sound that can't be kept in a temporary file; `errno` is the system's error number.
    case cannotStore(file: String, errno: CInt)
    /// A file of another kind than sound.
    case notSound(file: String, found: FileKind)
    /// A film or container without a track of sound.
    case noTrack(file: String, AudioFormat?)
    /// A damaged file, or one of a kind that no decoder reads; `reason` is the decoder's message.
    case corrupt(file: String, AudioFormat?, reason: String)
    /// A sample that is not a finite number; `seconds` is its time.
    case notANumber(file: String, seconds: Double)
    /// A number of samples a second outside `AudioReader.sampleRates`.
    case sampleRate(file: String, Int)
    /// Sound longer than the caller's limit in seconds.
    case tooLong(file: String, limit: Double)
    /// A pipe with more bytes than are kept.
    case pipeTooLong(file: String, limit: Int)
    /// Raw samples of 16 bits that end after half a sample.
    case halfSample(file: String)

    /// A file that only ffmpeg reads, which is not installed.
    case ffmpegMissing(file: String, AudioFormat?)
    /// A system that can't start ffmpeg.
    case ffmpegNotStarted(errno: CInt)
    /// ffmpeg gave nothing for `seconds`.
    case ffmpegStalled(file: String, seconds: Int)
    case outOfMemory(file: String)

    /// A number of mel filters outside 1...200.
    case bins(Int)
}

extension AudioError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let file): "There is no file '\(file)'."
        case .cannotRead(let file, let code): "'\(file)' can't be read: \(Self.text(of: code))."
        case .cannotStore(let file, let code):
            "The sound of '\(file)' can't be kept in a temporary file: \(Self.text(of: code)). Make room in /tmp."
        case .notSound(let file, .unknown(let bytes)):
            "'\(file)' is not sound of a known kind; it is \(FileKind.unknown(bytes)). Raw samples have no header and must be "
                + "declared as such."
        case .notSound(let file, let kind) where kind.isPlaceholder: "'\(file)' is not sound; \(kind.explanation)."
        case .notSound(let file, let kind):
            "'\(file)' is \(kind), not sound; give a file such as WAV, FLAC, Ogg, MP3, m4a, mp4 or webm."
        case .noTrack(let file, let format): "'\(file)'\(Self.phrase(format)) has no track of sound; give a file that has one."
        case .corrupt(let file, let format?, let reason): "'\(file)' is a damaged or unknown kind of \(format): \(reason)."
        case .corrupt(let file, nil, let reason): "'\(file)' is not sound of a known kind: \(reason)."
        case .notANumber(let file, let seconds):
            "'\(file)': the sample at \(seconds) s is not a finite number; samples are −1 to 1."
        case .sampleRate(let file, let rate):
            "'\(file)' has \(rate) samples a second; expected \(AudioReader.sampleRates.lowerBound) to "
                + "\(AudioReader.sampleRates.upperBound)."
        case .tooLong(let file, let limit): "'\(file)' is longer than the limit of \(limit) s."
        case .pipeTooLong(let file, let limit): "'\(file)' gives more than the limit of \(limit) bytes; save it to a file first."
        case .halfSample(let file):
            "'\(file)' ends after half a sample; raw samples are signed, of 16 bits, little-endian, one channel."
        case .ffmpegMissing(let file, let format):
            "'\(file)'\(Self.phrase(format)) is read by the program ffmpeg, which is not installed. Run './glint setup --audio', or "
                + "'apt install ffmpeg', or convert the file to WAV, FLAC, Ogg or MP3."
        case .ffmpegNotStarted(let code): "The program ffmpeg can't be started: \(Self.text(of: code))."
        case .ffmpegStalled(let file, let seconds):
            "ffmpeg gave no sound of '\(file)' for \(seconds) s and was ended; convert the file to WAV first."
        case .outOfMemory(let file): "There is not enough memory for '\(file)'."
        case .bins(let bins): "A log-mel spectrogram has 1 to 200 bins, not \(bins)."
        }
    }

    private static func phrase(_ format: AudioFormat?) -> String { format.map { " (\($0))" } ?? "" }

    private static func text(of code: CInt) -> String { String(cString: strerror(code)) }
}
