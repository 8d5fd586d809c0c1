import COpenVINO
import Glibc
import Synchronization

/// Lock held while a call is made and its error message is read.
///
/// The runtime keeps one last message per process, so a message belongs to a call for certain only if no other call fails
/// in between. Short calls are therefore made under this lock. Long calls (read, compile, infer) run in parallel outside
/// the lock; only their message is read under it. If two of them fail at the same moment, their messages may be swapped.
/// The call's name and the status are always exact.
private let messageLock = Mutex(())

/// Makes a short call of the C API and throws for any status other than OK.
///
/// `body` must make that call and nothing else: the lock is not recursive.
func check(_ call: StaticString, _ body: () -> ov_status_e) throws(OpenVINOError) {
    let failure: OpenVINOError? = messageLock.withLock { _ in
        let status = body()
        return status == OK ? nil : lastError(call, status)
    }
    if let failure { throw failure }
}

/// Makes a long call of the C API without blocking other calls.
func checkLong(_ call: StaticString, _ body: () -> ov_status_e) throws(OpenVINOError) {
    let status = body()
    guard status != OK else { return }
    throw messageLock.withLock { _ in lastError(call, status) }
}

/// Makes a call of the C API that returns a new handle. `takesLong` selects `checkLong` over `check`.
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
    // Only exceptions set a message. For a status set by the C layer itself, the message is that of an earlier failure.
    let hasMessage = [GENERAL_ERROR, NOT_IMPLEMENTED, REQUEST_BUSY, INFER_CANCELLED].contains(status)
    let details = hasMessage ? ov_get_last_err_msg().map { takeString($0) } ?? "" : ""
    return .runtime(call: "\(call)", status: Status(status), details: details)
}

/// Copies a string that the C API allocated, and frees it.
func takeString(_ text: UnsafePointer<CChar>) -> String {
    defer { ov_free(text) }
    return String(cString: text)
}

/// Refuses text with a NUL inside, which the C API would cut off there.
func requireNoNUL(_ text: String, in place: @autoclosure () -> String) throws(OpenVINOError) {
    if text.utf8.contains(0) { throw .embeddedNUL(in: place()) }
}

/// Lends several strings as C strings. NULs inside are not checked for (see `requireNoNUL`).
func withCStrings<Result, Failure: Error>(
    _ strings: [String], _ body: ([UnsafePointer<CChar>?]) throws(Failure) -> Result
) throws(Failure) -> Result {
    let copies = strings.map { strdup($0) }
    defer { copies.forEach { free($0) } }
    return try body(copies.map { UnsafePointer($0) })
}
