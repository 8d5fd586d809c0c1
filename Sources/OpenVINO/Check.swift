import COpenVINO
import Glibc
import Synchronization

/// Held around a call and the reading of its message.
///
/// The runtime keeps one last message per process, so a message is only certain to be a call's own if no other call fails
/// in between. Short calls are therefore made under this lock. Calls that take long (read, compile, infer) run in parallel
/// outside of it, and only their message is read under it: one that fails in the very instant in which another call does
/// may swap texts with it. Call and status are exact always.
private let messageLock = Mutex(())

/// Makes a short call of the C API and throws what it returns other than OK.
///
/// `body` makes that call and nothing else: the lock is not recursive.
func check(_ call: StaticString, _ body: () -> ov_status_e) throws(OpenVINOError) {
    let failure: OpenVINOError? = messageLock.withLock { _ in
        let status = body()
        return status == OK ? nil : lastError(call, status)
    }
    if let failure { throw failure }
}

/// Makes a call of the C API that takes long, without keeping other calls waiting.
func checkLong(_ call: StaticString, _ body: () -> ov_status_e) throws(OpenVINOError) {
    let status = body()
    guard status != OK else { return }
    throw messageLock.withLock { _ in lastError(call, status) }
}

/// The handle that a call of the C API makes; `takesLong` as with `checkLong`.
func create(
    _ call: StaticString, takesLong: Bool = false, _ body: (UnsafeMutablePointer<OpaquePointer?>) -> ov_status_e
) throws(OpenVINOError) -> OpaquePointer {
    var handle: OpaquePointer?
    if takesLong {
        try checkLong(call) { body(&handle) }
    } else {
        try check(call) { body(&handle) }
    }
    guard let handle else { throw .runtime(call: "\(call)", status: .unexpected, details: "The call returned nothing.") }
    return handle
}

private func lastError(_ call: StaticString, _ status: ov_status_e) -> OpenVINOError {
    // Only exceptions have a message. A status of the C layer's own leaves that of an earlier failure in place.
    let hasMessage = [GENERAL_ERROR, NOT_IMPLEMENTED, REQUEST_BUSY, INFER_CANCELLED].contains(status)
    let details = hasMessage ? ov_get_last_err_msg().map { takeString($0) } ?? "" : ""
    return .runtime(call: "\(call)", status: Status(status), details: details)
}

/// Copies a string that the C API allocated, and frees it.
func takeString(_ text: UnsafePointer<CChar>) -> String {
    defer { ov_free(text) }
    return String(cString: text)
}

/// Refuses text that the C API would read only up to a NUL.
func requireNoNUL(_ text: String, in place: @autoclosure () -> String) throws(OpenVINOError) {
    if text.utf8.contains(0) { throw .embeddedNUL(in: place()) }
}

/// Lends several strings as C strings, without looking for NULs inside (see `requireNoNUL`).
func withCStrings<Result, Failure: Error>(
    _ strings: [String], _ body: ([UnsafePointer<CChar>?]) throws(Failure) -> Result
) throws(Failure) -> Result {
    let copies = strings.map { strdup($0) }
    defer { copies.forEach { free($0) } }
    return try body(copies.map { UnsafePointer($0) })
}
