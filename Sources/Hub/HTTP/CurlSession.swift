import CCurl
import Foundation
import Synchronization

/// HTTP requests by libcurl. All transfers run on one thread, which keeps their connections for later requests.
///
/// @unchecked: `multi` is set in init and used by the session's thread alone, except for `curl_multi_wakeup`, which libcurl
/// allows from any thread; it is called under the lock and while `isOpen`, so never after the thread has freed `multi`.
final class CurlSession: @unchecked Sendable {
    struct Settings: Sendable {
        var proxy: HubProxy?
        /// File of the certificates to trust; nil for the system's.
        var certificates: String?
        var timeouts = HTTPTimeouts()
    }

    private enum Message {
        case start(HTTPTransfer)
        case resume(HTTPTransfer)
        case stop(HTTPTransfer)
    }

    private struct Mailbox {
        var messages: [Message] = []
        /// Whether the thread still takes messages.
        var isOpen = true
        /// The task that waits for the thread's end.
        var closer: CheckedContinuation<Void, Never>?
    }

    private let settings: Settings
    private let multi: UnsafeMutableRawPointer
    private let mailbox = Mutex(Mailbox())

    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    /// A limit for one wait, in milliseconds. A message ends it before.
    private static let longestWait: Int32 = 60_000

    /// Starts the thread, which runs until `close()`; nil if libcurl has no memory.
    init?(_ settings: Settings) {
        guard Self.isReady, let multi = curl_multi_init() else { return nil }
        self.settings = settings
        self.multi = multi
        let thread = Thread { [self] in run() }
        thread.name = "glint-http"
        thread.start()
    }

    /// Sends a request, and waits for the header of the response.
    /// - Throws: `HTTPFailure`, `CancellationError`.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let transfer = HTTPTransfer(request, session: self)
        let body = HTTPBody(transfer)
        post(.start(transfer))
        let head = try await transfer.head()
        return HTTPResponse(status: head.status, headers: head.headers, body: body)
    }

    /// Continues a paused transfer.
    func resume(_ transfer: HTTPTransfer) { post(.resume(transfer)) }

    /// Closes the connection of a transfer, if it is still running.
    func stop(_ transfer: HTTPTransfer) { post(.stop(transfer)) }

    /// Closes all connections, and waits for the thread's end. No task may wait for a response then, nor send a request later.
    func close() async {
        await withCheckedContinuation { continuation in
            mailbox.withLock { box in
                precondition(box.isOpen && box.closer == nil, "closed twice")
                box.closer = continuation
                curl_multi_wakeup(multi)
            }
        }
    }

    private func post(_ message: Message) {
        mailbox.withLock { box in
            guard box.isOpen else { return }
            box.messages.append(message)
            curl_multi_wakeup(multi)
        }
    }

    // MARK: The thread

    private func run() {
        ignoreBrokenPipes()
        var handles: [ObjectIdentifier: CurlHandle] = [:]
        while let messages = takeMessages() {
            for message in messages { obey(message, &handles) }
            var count: Int32 = 0
            curl_multi_perform(multi, &count)
            endFinished(&handles)
            curl_multi_poll(multi, nil, 0, Self.longestWait, nil)
        }
        for handle in handles.values { remove(handle, .failure(CancellationError())) }
        handles = [:]
        curl_multi_cleanup(multi)
        mailbox.withLock { $0.closer }?.resume()
    }

    /// Messages since the last call; nil if the session is closed.
    private func takeMessages() -> [Message]? {
        mailbox.withLock { box in
            box.isOpen = box.closer == nil
            defer { box.messages = [] }
            return box.isOpen ? box.messages : nil
        }
    }

    private func obey(_ message: Message, _ handles: inout [ObjectIdentifier: CurlHandle]) {
        switch message {
        case .start(let transfer):
            do throws(HTTPFailure) {
                let handle = try CurlHandle(transfer, settings)
                guard curl_multi_add_handle(multi, handle.pointer) == CURLM_OK else { throw .noMemory }
                handles[ObjectIdentifier(transfer)] = handle
            } catch {
                transfer.end(.failure(error))
            }
        case .resume(let transfer):
            if let handle = handles[ObjectIdentifier(transfer)] { curl_easy_pause(handle.pointer, CURLPAUSE_CONT) }
        case .stop(let transfer):
            // libcurl closes the connection of a transfer that is removed before its end.
            if let handle = handles.removeValue(forKey: ObjectIdentifier(transfer)) {
                curl_multi_remove_handle(multi, handle.pointer)
            }
        }
    }

    private func endFinished(_ handles: inout [ObjectIdentifier: CurlHandle]) {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE else { continue }
            let (pointer, code) = (message.pointee.easy_handle, message.pointee.data.result)
            guard let (key, handle) = handles.first(where: { $0.value.pointer == pointer }) else { continue }
            handles[key] = nil
            remove(handle, code == CURLE_OK ? .success(()) : .failure(handle.failure(code)))
        }
    }

    private func remove(_ handle: CurlHandle, _ result: Result<Void, any Error>) {
        curl_multi_remove_handle(multi, handle.pointer)
        handle.transfer.end(result)
    }

    /// Blocks SIGPIPE on this thread. libcurl leaves signals alone with CURLOPT_NOSIGNAL, and OpenSSL may write to a connection
    /// that the server has closed.
    private func ignoreBrokenPipes() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}
