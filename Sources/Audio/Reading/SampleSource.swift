/// Sound as a decoder gives it.
protocol SampleSource: AnyObject {
    /// Frames a second.
    var rate: Int { get }
    /// Samples of a frame, at least 1.
    var channels: Int { get }
    /// The length that the file declares; nil if it declares none.
    var seconds: Double? { get }

    /// Reads whole frames of interleaved samples into `target`, as many as there are at once and as fit. Returns the number of
    /// frames, 0 at the end.
    /// - Precondition: `target` has room for a frame.
    func read(into target: UnsafeMutableBufferPointer<Float>) throws(AudioError) -> Int
}
