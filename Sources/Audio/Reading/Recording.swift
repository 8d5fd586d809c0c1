import Glibc

/// Sound at 16 kHz of any length, whose samples are read by ranges. Long sound lies in a temporary file: memory does not grow with
/// its length.
///
/// Values can be read from any thread.
public struct Recording: Sendable {
    /// The number of samples.
    public let count: Int
    private let storage: Storage

    private indirect enum Storage: Sendable {
        case memory([Float])
        case file(SampleFile)
        /// Ranges of other sound, one after the other, each with the place of its first sample.
        case excerpt(Recording, [(start: Int, range: Range<Int>)])
    }

    /// Samples that are kept in memory: a bit more than eight minutes, 32 MB.
    static let samplesInMemory = 8 << 20

    /// Seconds.
    public var duration: Double { Double(count) / Double(AudioReader.sampleRate) }

    /// - Parameter samples: mono, 16 kHz, −1…1.
    public init(_ samples: [Float]) {
        count = samples.count
        storage = .memory(samples)
    }

    /// Reads all sound that is left.
    /// - Parameter limit: the most seconds to take; an hour is 230 MB on the disk.
    /// - Throws: as `AudioReader.next`; `AudioError.tooLong`, `.cannotStore`; `CancellationError`.
    public init(_ reader: AudioReader, limit: Double) throws {
        try self.init(reader, limit: limit, inMemory: Self.samplesInMemory)
    }

    init(_ reader: AudioReader, limit: Double, inMemory: Int) throws {
        if let seconds = reader.declaredSeconds, seconds > limit { throw AudioError.tooLong(file: reader.name, limit: limit) }
        let most = Int(limit * Double(AudioReader.sampleRate))
        var (samples, file, count): ([Float], SampleFile?, Int) = ([], nil, 0)
        while let block = try reader.next() {
            try Task.checkCancellation()
            count += block.count
            guard count <= most else { throw AudioError.tooLong(file: reader.name, limit: limit) }
            samples += block
            if count > inMemory {
                let target = try file ?? SampleFile(name: reader.name)
                try target.append(samples)
                file = target
                samples.removeAll(keepingCapacity: true)
            }
        }
        self.count = count
        storage = file.map { .file($0) } ?? .memory(samples)
    }

    /// Parts of this sound, one after the other.
    /// - Precondition: the ranges lie within the sound.
    public func excerpt(_ ranges: [Range<Int>]) -> Recording { Recording(excerptOf: self, ranges) }

    private init(excerptOf whole: Recording, _ ranges: [Range<Int>]) {
        var parts: [(start: Int, range: Range<Int>)] = []
        var end = 0
        for range in ranges where !range.isEmpty {
            precondition(range.lowerBound >= 0 && range.upperBound <= whole.count, "an excerpt lies within the sound")
            parts.append((end, range))
            end += range.count
        }
        count = end
        storage = .excerpt(whole, parts)
    }

    /// - Precondition: the range lies within the sound.
    /// - Throws: `AudioError.cannotRead` for a temporary file that can't be read.
    public func samples(_ range: Range<Int>) throws(AudioError) -> [Float] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "samples lie within the sound")
        switch storage {
        case .memory(let samples): return Array(samples[range])
        case .file(let file): return try file.samples(range)
        case .excerpt(let whole, let parts):
            var result: [Float] = []
            for part in parts where part.start < range.upperBound && part.start + part.range.count > range.lowerBound {
                let offset = part.range.lowerBound - part.start
                let wanted = range.lowerBound + offset..<range.upperBound + offset
                result += try whole.samples(wanted.clamped(to: part.range))
            }
            return result
        }
    }
}

/// Samples in a temporary file, which is written before it is shared.
private final class SampleFile: Sendable {
    private let name: String
    private let descriptor: CInt

    init(name: String) throws(AudioError) {
        self.name = name
        descriptor = try TemporaryFile.open(for: name)
    }

    deinit { close(descriptor) }

    func append(_ samples: [Float]) throws(AudioError) {
        try TemporaryFile.append(samples.span.bytes, to: descriptor, name: name)
    }

    func samples(_ range: Range<Int>) throws(AudioError) -> [Float] {
        let size = MemoryLayout<Float>.size
        var failure: CInt = 0
        let samples = [Float](unsafeUninitializedCapacity: range.count) { buffer, initialized in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            var offset = 0
            while offset < bytes.count, let base = bytes.baseAddress {
                let count = pread(descriptor, base + offset, bytes.count - offset, off_t(range.lowerBound * size + offset))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    failure = count < 0 ? errno : EIO
                    break
                }
                offset += count
            }
            initialized = offset / size
        }
        guard failure == 0 else { throw .cannotRead(file: name, errno: failure) }
        return samples
    }
}
