import Foundation
import Synchronization

@testable import Hub

/// A small HTTP/1.1 server on a free port of 127.0.0.1, with a thread per connection.
final class LocalServer: Sendable {
    struct Request: Sendable {
        /// Path and query, or the whole URL if the server is used as a proxy.
        let target: String
        let headers: HTTPHeaders
    }

    struct Answer: Sendable {
        enum Ending { case complete, drop(after: Int), stall(after: Int), silence }

        var status = 200
        var headers: [String: String] = [:]
        var body: [UInt8] = []
        /// `drop` and `stall`: bytes of the body after which the connection is closed, or nothing more is sent. `silence`:
        /// nothing is sent.
        var ending = Ending.complete
    }

    struct Counts: Sendable {
        var connections = 0
        var bytesSent = 0
        /// Responses that are held back.
        var stalled = 0
        /// Connections that the client closed during such a response.
        var abandoned = 0
    }

    private struct State {
        var counts = Counts()
        var open: Set<Int32> = []
        var isStopped = false
    }

    let port: Int
    private let listener: Int32
    private let state = Mutex(State())

    init(_ answer: @escaping @Sendable (Request) -> Answer) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutableBytes(of: &address) { bytes in
            let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress
            return bind(listener, pointer, length) == 0 && listen(listener, 64) == 0
                && getsockname(listener, pointer, &length) == 0
        }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        guard isListening else { throw HubError(errno: errno, path: "127.0.0.1") }
        Thread.detachNewThread { [self] in accept(answer) }
    }

    var counts: Counts { state.withLock(\.counts) }

    /// Closes all connections. New ones are refused from then on.
    func stop() {
        state.withLock { state in
            state.isStopped = true
            for connection in state.open { shutdown(connection, Int32(SHUT_RDWR)) }
        }
        // The accepting thread closes the listener.
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func accept(_ answer: @escaping @Sendable (Request) -> Answer) {
        while true {
            let connection = Glibc.accept(listener, nil, nil)
            guard connection >= 0 else {
                if errno == EINTR || errno == ECONNABORTED { continue }
                break
            }
            let isOpen = state.withLock { state in
                guard !state.isStopped else { return false }
                state.open.insert(connection)
                state.counts.connections += 1
                return true
            }
            guard isOpen else {
                close(connection)
                continue
            }
            Thread.detachNewThread { [self] in
                while let request = read(connection), send(answer(request), connection) {}
                // A child process may have a copy of the descriptor, so that closing it is not enough.
                shutdown(connection, Int32(SHUT_RDWR))
                state.withLock { state in
                    state.open.remove(connection)
                    close(connection)
                }
            }
        }
        close(listener)
    }

    /// Reads a request without a body; nil if the client has closed the connection.
    private func read(_ connection: Int32) -> Request? {
        var head: [UInt8] = []
        var byte: UInt8 = 0
        while head.suffix(4) != Array("\r\n\r\n".utf8) {
            guard recv(connection, &byte, 1, 0) == 1 else { return nil }
            head.append(byte)
        }
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count == 3 else { return nil }
        let fields = lines.dropFirst().map { line -> (name: String, value: String) in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (String(parts[0]), parts.last?.trimmingCharacters(in: .whitespaces) ?? "")
        }
        return Request(target: String(words[1]), headers: HTTPHeaders(fields))
    }

    /// Sends a response.
    /// - Returns: whether the connection is good for another one.
    private func send(_ answer: Answer, _ connection: Int32) -> Bool {
        var head = "HTTP/1.1 \(answer.status) Status\r\nContent-Length: \(answer.body.count)\r\n"
        for (name, value) in answer.headers { head += "\(name): \(value)\r\n" }
        let start = Array("\(head)\r\n".utf8)
        switch answer.ending {
        case .complete: return send(start, connection) && send(answer.body, connection)
        case .drop(let count):
            _ = send(start, connection) && send(Array(answer.body.prefix(count)), connection)
        case .stall(let count):
            if send(start, connection) && send(Array(answer.body.prefix(count)), connection) { waitForClose(connection) }
        case .silence: waitForClose(connection)
        }
        return false
    }

    private func send(_ bytes: [UInt8], _ connection: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { rest in
                // Otherwise a client that has left would end the process by a signal.
                Glibc.send(connection, rest.baseAddress, min(rest.count, 1 << 16), Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
            state.withLock { $0.counts.bytesSent += count }
        }
        return true
    }

    private func waitForClose(_ connection: Int32) {
        state.withLock { $0.counts.stalled += 1 }
        var byte: UInt8 = 0
        let count = recv(connection, &byte, 1, 0)
        state.withLock { if count <= 0 && !$0.isStopped { $0.counts.abandoned += 1 } }
    }
}
