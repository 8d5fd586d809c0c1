import Glibc

/// Standard output and standard error, whatever is behind them: a terminal, a file, a full disk, a pipe without a reader.
enum StandardStream {
    /// Writes a line to standard output.
    /// - Throws: `StandardOutputError`.
    static func print(_ line: String) throws(StandardOutputError) { try write(line + "\n") }

    /// Writes to standard output.
    /// - Throws: `StandardOutputError`.
    static func write(_ text: String) throws(StandardOutputError) {
        let code = write(text, to: STDOUT_FILENO)
        guard code == 0 else { throw StandardOutputError(errno: code) }
    }

    /// Writes to standard error, whose failures end no work.
    static func report(_ text: String) { _ = write(text, to: STDERR_FILENO) }

    /// Prepares the streams, before anything else is opened: a closed one would lend its number to the next file, and messages
    /// would be written into a picture.
    static func prepare() {
        // Without a reader, writing fails in place of ending the program.
        signal(SIGPIPE, SIG_IGN)
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) == -1 {
            // Takes the lowest free number. Writing to it fails, as to a closed stream.
            _ = open("/dev/null", O_RDONLY)
        }
    }

    /// Returns 0 or the error number.
    private static func write(_ text: String, to descriptor: CInt) -> CInt {
        var text = text
        return text.withUTF8 { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if count < 0, errno == EAGAIN {
                    // A terminal or pipe that another program has set not to wait.
                    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&waiting, 1, -1)
                } else if count == 0 || errno != EINTR {
                    return count == 0 ? EIO : errno
                }
            }
            return 0
        }
    }
}

/// A failure to write to standard output.
struct StandardOutputError: Error, Equatable, CustomStringConvertible {
    let errno: CInt

    /// Whether the reader has read enough, as `head` does: no failure, and nothing to tell.
    var isWithoutReader: Bool { errno == EPIPE }

    var description: String { "Standard output can't be written: \(String(cString: strerror(errno)))." }
}

/// Writes a line to standard output; in place of Swift's own, which ignores failures.
func print(_ line: String) throws(StandardOutputError) { try StandardStream.print(line) }
