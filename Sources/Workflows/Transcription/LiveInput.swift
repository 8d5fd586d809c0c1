import Audio
import Dispatch
public import Foundation
import Synchronization

/// Raw PCM (signed, 16 bits, little-endian, mono, 16 kHz) of a pipe or terminal as samples, as they arrive.
public final class LiveInput: AsyncSequence, Sendable {
    public typealias Element = [Float]
    public typealias Failure = any Error

    private let handle: FileHandle
    private let isRead = Atomic(false)
    private let hasEnded = Atomic(false)
    private let queue = DispatchQueue(label: "live input")

    /// - Parameter handle: stays open.
    public init(_ handle: FileHandle = .standardInput) { self.handle = handle }

    /// Whether standard input is a pipe, a terminal or a device, whose sound may go on; a file's is all there.
    public static var isLive: Bool {
        var status = stat()
        return fstat(STDIN_FILENO, &status) != 0 || status.st_mode & S_IFMT != S_IFREG
    }

    /// Ends the samples, whoever still writes.
    /// - Returns: whether anyone has begun to read them.
    @discardableResult public func end() -> Bool {
        hasEnded.store(true, ordering: .releasing)
        return isRead.load(ordering: .acquiring)
    }

    public func makeAsyncIterator() -> Iterator {
        isRead.store(true, ordering: .releasing)
        return Iterator(self)
    }

    public struct Iterator: AsyncIteratorProtocol {
        private let input: LiveInput
        private let reader: ReaderBox

        fileprivate init(_ input: LiveInput) {
            self.input = input
            reader = ReaderBox(input.handle)
        }

        /// - Throws: `AudioError`.
        public func next() async throws -> [Float]? {
            let (input, reader) = (input, reader)
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    input.queue.async { continuation.resume(with: Result { try input.read(reader) }) }
                }
            } onCancel: {
                input.end()
            }
        }
    }

    /// Waits for samples, and looks ten times a second whether they are still wanted.
    private func read(_ reader: ReaderBox) throws -> [Float]? {
        while !hasEnded.load(ordering: .acquiring) {
            var waiting = pollfd(fd: handle.fileDescriptor, events: Int16(POLLIN), revents: 0)
            if poll(&waiting, 1, 100) != 0 { return try reader.next() }
        }
        return nil
    }
}

/// @unchecked: used on the input's queue alone.
private final class ReaderBox: @unchecked Sendable {
    private let handle: FileHandle
    private var reader: AudioReader?

    init(_ handle: FileHandle) { self.handle = handle }

    func next() throws -> [Float]? {
        let reader = try reader ?? AudioReader(pcm: handle)
        self.reader = reader
        return try reader.next()
    }
}
