public import Foundation

/// Sound of any format as samples of one channel at 16 kHz, f32 in −1…1, block by block: memory does not grow with its length.
///
///     let reader = try AudioReader(path: "talk.m4a")
///     while let block = try reader.next() { … }
///
/// The format is told from the content, not from the file's name. libsndfile reads WAV, FLAC, Ogg (Vorbis, Opus), MP3, AIFF and
/// AU; the program ffmpeg reads all others. Channels are averaged; other rates are resampled by libsoxr in its high quality.
/// Samples beyond ±1, which some formats can hold and filters can make, become ±1.
///
/// A file that was cut gives the sound that it has; `missingSeconds` says how much its header promises beyond.
public final class AudioReader {
    /// Samples a second of the result.
    public static let sampleRate = 16_000
    /// Rates of sound that are read, in samples a second.
    public static let sampleRates = 1000...768_000

    /// The name in messages.
    public let name: String
    /// nil for raw samples, and for a format that ffmpeg alone knows.
    public let format: AudioFormat?
    /// Samples a second before resampling.
    public let sourceRate: Int
    /// Channels before they are averaged.
    public let sourceChannels: Int
    /// The length that the file's header declares; nil if it declares none.
    public let declaredSeconds: Double?

    private let source: any SampleSource
    private let resampler: Resampler?
    private var buffer: [Float]
    /// Frames read of the source.
    private var frames = 0
    private var hasEnded = false

    /// Frames that are read at a time, unless they have many channels.
    private static let blockFrames = 1 << 15

    /// Opens a file or a pipe with a file's content; a pipe is copied to a temporary file first.
    /// - Throws: any error of `AudioError` that names a file.
    public convenience init(path: String) throws(AudioError) { try self.init(InputFile(path: path)) }

    /// Opens a file's content; `name` stands for it in errors.
    /// - Throws: as `init(path:)`.
    public convenience init(bytes: [UInt8], name: String) throws(AudioError) {
        try self.init(InputFile(bytes: bytes, name: name))
    }

    /// Reads raw samples as they arrive: signed, 16 bits, little-endian, one channel.
    /// - Parameters:
    ///   - handle: of a file, pipe or terminal, such as the standard input; it stays open.
    ///   - rate: samples a second.
    /// - Throws: `AudioError.sampleRate`.
    public convenience init(pcm handle: FileHandle, rate: Int = sampleRate, name: String = "standard input") throws(AudioError) {
        try self.init(PCMStream(handle, rate: rate, name: name), name: name, format: nil)
    }

    private convenience init(_ input: InputFile) throws(AudioError) {
        guard input.format != nil || input.kind.canBeSound else { throw .notSound(file: input.name, found: input.kind) }
        try self.init(try Self.decoder(of: input), name: input.name, format: input.format)
    }

    init(_ source: any SampleSource, name: String, format: AudioFormat?) throws(AudioError) {
        guard Self.sampleRates.contains(source.rate) else { throw .sampleRate(file: name, source.rate) }
        self.source = source
        self.name = name
        self.format = format
        sourceRate = source.rate
        sourceChannels = source.channels
        declaredSeconds = source.seconds
        resampler =
            source.rate == Self.sampleRate ? nil : try Resampler(from: source.rate, to: Self.sampleRate, name: name)
        buffer = [Float](repeating: 0, count: max(Self.blockFrames, source.channels))
    }

    private static func decoder(of input: InputFile) throws(AudioError) -> any SampleSource {
        guard let format = input.format, AudioFormat.direct.contains(format) else {
            do {
                return try FFmpeg(input)
            } catch .ffmpegMissing where input.format == nil {
                throw .notSound(file: input.name, found: input.kind)
            }
        }
        let failure: SoundFile.OpenError
        do {
            return try SoundFile(input)
        } catch {
            failure = error
        }
        let error = AudioError.corrupt(file: input.name, format, reason: "libsndfile says '\(failure.reason)'")
        guard failure.isUnknownKind else { throw error }
        // A codec that libsndfile lacks, such as Speex in Ogg.
        do {
            return try FFmpeg(input)
        } catch .corrupt {
            throw error
        }
    }

    // MARK: Reading

    /// The next samples, at least one; nil at the end. A live stream gives what has arrived.
    /// - Throws: `AudioError.corrupt`, `.notANumber`, `.cannotRead`, `.halfSample`, `.ffmpegStalled` or `.outOfMemory`.
    public func next() throws(AudioError) -> [Float]? {
        while !hasEnded {
            var block = try mixed()
            if let resampler { block = try block.isEmpty ? resampler.finish() : resampler.process(block) }
            if !block.isEmpty { return block.map { min(max($0, -1), 1) } }
        }
        return nil
    }

    /// Seconds by which the sound that was read is shorter than its header declares: after the end, what a cut or damaged file
    /// lacks. nil before the end, and where it is less than a tenth of a second or nothing is declared.
    public var missingSeconds: Double? {
        guard hasEnded, let declaredSeconds else { return nil }
        let missing = declaredSeconds - Double(frames) / Double(sourceRate)
        return missing >= 0.1 ? missing : nil
    }

    /// The mean of the channels of the next frames; empty at the end.
    private func mixed() throws(AudioError) -> [Float] {
        let count = try read()
        hasEnded = count == 0
        let channels = sourceChannels
        var block = [Float](repeating: 0, count: count)
        for frame in 0..<count {
            var sum = buffer[frame * channels]
            for channel in 1..<max(1, channels) { sum += buffer[frame * channels + channel] }
            let mean = sum / Float(channels)
            guard mean.isFinite else {
                throw .notANumber(file: name, seconds: Double(frames + frame) / Double(sourceRate))
            }
            // Before the filter, in which large numbers could overflow.
            block[frame] = min(max(mean, -1), 1)
        }
        frames += count
        return block
    }

    private func read() throws(AudioError) -> Int {
        // Typed throws don't pass through the array's closure.
        let result = buffer.withUnsafeMutableBufferPointer { buffer in
            Result { () throws(AudioError) in try source.read(into: buffer) }
        }
        return try result.get()
    }
}
