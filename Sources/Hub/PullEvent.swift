/// What happens during a pull.
public enum PullEvent: Sendable {
    /// What is to be brought.
    /// - Parameter bytes: of all files; `cached` of them are there already.
    case selected(files: Int, bytes: Int, cached: Int)
    /// Content that an earlier pull, or another program, has brought.
    case found(path: String, bytes: Int)
    case received(bytes: Int)
    /// Content that was counted and is of no use.
    case discarded(path: String, bytes: Int, reason: String)
    case finished(path: String)
    /// Another program is bringing the file.
    case waiting(path: String)
    case retrying(what: String, reason: String, delay: Duration)
}
