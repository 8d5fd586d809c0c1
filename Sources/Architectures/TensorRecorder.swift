import ModelGraph
import Synchronization
public import TensorStore

/// Writes down which tensors a network asks its checkpoint for.
public final class TensorRecorder: Sendable {
    private let requests = Mutex<[String: Shape]>([:])
    /// Stands for bytes that nobody reads.
    private let placeholder: MappedFile

    /// - Parameter placeholder: any file.
    public init(placeholder: MappedFile) { self.placeholder = placeholder }

    /// What was asked for so far, by names.
    public var shapes: [String: Shape] { requests.withLock { $0 } }

    func record(_ name: String, _ shape: Shape) -> Weights.Entry {
        requests.withLock { $0[name] = shape }
        let byteCount = shape.checkedElementCount.flatMap { ElementType.f16.byteCount(of: $0) } ?? 0
        return Weights.Entry(elementType: .f16, shape: shape, data: .file(placeholder, offset: 0, byteCount: byteCount))
    }
}
