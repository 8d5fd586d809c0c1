import Foundation

/// Raw samples from a file, pipe or terminal: signed, 16 bits, little-endian, one channel.
///
/// Each read gives what has arrived, so that live sound is not held back.
final class PCMStream: SampleSource {
    let rate: Int
    let channels = 1
    let seconds: Double? = nil
    private let handle: FileHandle
    private let name: String
    private var bytes: [UInt8] = []

    init(_ handle: FileHandle, rate: Int, name: String) {
        (self.handle, self.rate, self.name) = (handle, rate, name)
    }

    func read(into target: UnsafeMutableBufferPointer<Float>) throws(AudioError) -> Int {
        // Half a sample may be left of the read before.
        while true {
            let left = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: target.count * 2 - left))
            let count = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(handle.fileDescriptor, buffer.baseAddress.map { $0 + left }, buffer.count - left)
            }
            let code = errno
            bytes.removeLast(bytes.count - left - max(0, count))
            if count < 0 {
                if code == EINTR { continue }
                throw .cannotRead(file: name, errno: code)
            }
            if count == 0 {
                guard left == 0 else { throw .halfSample(file: name) }
                return 0
            }
            let samples = bytes.count / 2
            guard samples > 0 else { continue }
            for index in 0..<samples {
                let sample = Int16(bitPattern: UInt16(bytes[2 * index]) | UInt16(bytes[2 * index + 1]) << 8)
                target[index] = Float(sample) / 32768
            }
            bytes.removeFirst(samples * 2)
            return samples
        }
    }
}
