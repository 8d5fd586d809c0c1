import CSoXR

/// Sound of one channel brought to another rate by libsoxr in its high quality (20 bits, linear phase).
///
/// The delay of the filter is taken out, so that times stay: n samples become n · target / source, rounded.
final class Resampler {
    private let handle: soxr_t
    private let ratio: Double
    private let name: String

    /// - Parameter name: of the sound, for errors.
    init(from source: Int, to target: Int, name: String) throws(AudioError) {
        var failure: soxr_error_t?
        var quality = soxr_quality_spec(UInt(SOXR_HQ), 0)
        guard let handle = soxr_create(Double(source), Double(target), 1, &failure, nil, &quality, nil), failure == nil else {
            throw .outOfMemory(file: name)
        }
        self.handle = handle
        self.name = name
        ratio = Double(target) / Double(source)
    }

    deinit { soxr_delete(handle) }

    /// The samples that can be computed so far; the filter keeps some input for the next call.
    func process(_ samples: [Float]) throws(AudioError) -> [Float] {
        var result: [Float] = []
        var rest = samples[...]
        while !rest.isEmpty {
            let (used, output) = try step(rest)
            rest = rest.dropFirst(used)
            result += output
        }
        return result
    }

    /// The samples that remain after the last input.
    func finish() throws(AudioError) -> [Float] {
        var result: [Float] = []
        while true {
            let (_, output) = try step(nil)
            if output.isEmpty { return result }
            result += output
        }
    }

    /// - Parameter input: nil after the last.
    private func step(_ input: ArraySlice<Float>?) throws(AudioError) -> (used: Int, output: [Float]) {
        var used = 0
        var failure: soxr_error_t?
        let capacity = Int(Double(input?.count ?? 0) * ratio) + 4096
        let output = [Float](unsafeUninitializedCapacity: capacity) { target, made in
            if let input {
                failure = input.withUnsafeBufferPointer {
                    soxr_process(handle, $0.baseAddress, $0.count, &used, target.baseAddress, target.count, &made)
                }
            } else {
                failure = soxr_process(handle, nil, 0, nil, target.baseAddress, target.count, &made)
            }
        }
        // Its only failures are of memory.
        guard failure == nil else { throw .outOfMemory(file: name) }
        return (used, output)
    }
}
