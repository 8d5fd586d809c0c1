import Dispatch

/// `count` numbers that `body` writes range by range, on all processors.
/// - Parameter grain: elements of a range, but the last one, which may be shorter.
func parallel(_ count: Int, grain: Int, _ body: (Range<Int>, UnsafeMutableBufferPointer<Float>) -> Void) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
        let target = UnsafeMutableBufferPointer(rebasing: buffer[..<count])
        target.initialize(repeating: 0)
        withoutActuallyEscaping(body) { body in
            let work = Work(target: target, body: body)
            DispatchQueue.concurrentPerform(iterations: (count + grain - 1) / grain) { index in
                work.body(index * grain..<min((index + 1) * grain, count), work.target)
            }
        }
        initialized = count
    }
}

/// @unchecked: each range is written by one thread while the caller waits; what the body captures is only read.
private struct Work: @unchecked Sendable {
    let target: UnsafeMutableBufferPointer<Float>
    let body: (Range<Int>, UnsafeMutableBufferPointer<Float>) -> Void
}
