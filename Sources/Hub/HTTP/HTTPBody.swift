/// The content of a response, in chunks as they come. It can be read once.
///
/// The transfer is stopped and its connection closed if the body is dropped before its end. It pauses while nobody reads, so
/// that memory holds about a megabyte of it.
struct HTTPBody: AsyncSequence, Sendable {
    private let reader: Reader

    init(_ transfer: HTTPTransfer) { reader = Reader(transfer: transfer) }

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let reader: Reader

        /// - Throws: `HTTPFailure`, `CancellationError`.
        func next() async throws -> [UInt8]? { try await reader.transfer.chunk() }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(reader: reader) }

    /// Reads to the end.
    /// - Returns: nil if there are more than `limit` bytes.
    /// - Throws: `HTTPFailure`, `CancellationError`.
    func collect(upTo limit: Int) async throws -> [UInt8]? {
        var bytes: [UInt8] = []
        for try await chunk in self {
            guard bytes.count + chunk.count <= limit else { return nil }
            bytes += chunk
        }
        return bytes
    }
}

/// Stops the transfer with the last reference to its body.
private final class Reader: Sendable {
    let transfer: HTTPTransfer

    init(transfer: HTTPTransfer) { self.transfer = transfer }

    deinit { transfer.stop() }
}
