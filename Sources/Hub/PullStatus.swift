/// How far a pull is, from its events.
public struct PullStatus: Sendable {
    /// Bytes of all selected files.
    public private(set) var total = 0
    /// Bytes that are in the cache.
    public private(set) var done = 0
    /// Bytes that came over the network.
    public private(set) var received = 0
    /// The bytes received at each time; the rate is measured over the last few seconds.
    private var samples: [(time: ContinuousClock.Instant, received: Int)] = []
    private static let rateWindow = Duration.seconds(5)

    public init() {}

    public mutating func add(_ event: PullEvent) {
        switch event {
        case .selected(_, let bytes, let cached): (total, done) = (bytes, cached)
        case .received(let bytes):
            received += bytes
            done += bytes
        case .found(_, let bytes): done += bytes
        case .discarded(_, let bytes, _): done -= bytes
        case .finished, .waiting, .retrying: break
        }
    }

    /// The share that is in the cache, from 0 to 1.
    public var share: Double { total > 0 ? Double(done) / Double(total) : 0 }

    /// Notes the time, for the rate.
    /// - Parameter pause: the usual time between two calls.
    public mutating func sample(at now: ContinuousClock.Instant = .now, pause: Duration) {
        samples.append((now, received))
        while samples.count > 2, now - samples[0].time > max(Self.rateWindow, pause) { samples.removeFirst() }
    }

    /// The time of the last sample.
    public var lastSample: ContinuousClock.Instant? { samples.last?.time }

    /// Bytes a second between the first kept sample and the last; nil where nothing came in between.
    public var rate: Double? {
        guard let first = samples.first, let last = samples.last else { return nil }
        let (bytes, seconds) = (Double(last.received - first.received), (last.time - first.time) / .seconds(1))
        return bytes > 0 && seconds > 0 ? bytes / seconds : nil
    }

    /// Seconds until the end at this rate.
    public var secondsLeft: Double? { rate.map { Double(max(total - done, 0)) / $0 } }
}
