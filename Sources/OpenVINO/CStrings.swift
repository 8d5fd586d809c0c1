import Glibc

/// Lends several strings as C strings, without looking for NULs inside (see `requireNoNUL`).
func withCStrings<Result, Failure: Error>(
    _ strings: [String], _ body: ([UnsafePointer<CChar>?]) throws(Failure) -> Result
) throws(Failure) -> Result {
    let copies = strings.map { strdup($0) }
    defer { copies.forEach { free($0) } }
    return try body(copies.map { UnsafePointer($0) })
}
