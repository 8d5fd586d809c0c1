import Glibc

/// A program started without a shell, with pipes from its standard output and error. It ends with this object.
final class ChildProcess {
    private let output: CInt
    private let errors: CInt
    private var process: pid_t?
    private var hasErrors = true
    /// The end of what the program wrote to its standard error.
    private(set) var messages: [UInt8] = []

    private static let messageLimit = 16 << 10

    /// A system call that failed.
    struct Failure: Error {
        let errno: CInt
    }

    /// - Parameters:
    ///   - program: a path, or a name that is looked up in PATH.
    ///   - input: the descriptor that becomes the standard input.
    /// - Throws: `Failure` with ENOENT where there is no such program.
    init(_ program: String, arguments: [String], input: CInt) throws(Failure) {
        let (output, outputEnd) = try Self.makePipe()
        let errors: CInt
        let errorsEnd: CInt
        do {
            (errors, errorsEnd) = try Self.makePipe()
        } catch {
            close(output)
            close(outputEnd)
            throw error
        }
        (self.output, self.errors) = (output, errors)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        for (number, descriptor) in [input, outputEnd, errorsEnd].enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, CInt(number))
        }
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var identifier: pid_t = 0
        let code = posix_spawnp(&identifier, program, &actions, nil, &words, environ)
        words.forEach { free($0) }
        posix_spawn_file_actions_destroy(&actions)
        close(outputEnd)
        close(errorsEnd)
        // The object is complete, so that its `deinit` closes the pipes.
        guard code == 0 else { throw Failure(errno: code) }
        process = identifier
    }

    deinit {
        if let process {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        close(output)
        close(errors)
    }

    /// A pair of sockets, because they can be kept from other new programs at once; Glibc's Swift module lacks `pipe2`.
    private static func makePipe() throws(Failure) -> (reading: CInt, writing: CInt) {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw Failure(errno: errno) }
        return (ends[0], ends[1])
    }

    /// Reads some bytes of the standard output, 0 at its end; nil where nothing came for `seconds`.
    func read(into buffer: UnsafeMutableRawBufferPointer, seconds: Double) throws(Failure) -> Int? {
        while true {
            var waited = [
                pollfd(fd: output, events: Int16(POLLIN), revents: 0),
                // A negative descriptor is left out.
                pollfd(fd: hasErrors ? errors : -1, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&waited, 2, CInt(seconds * 1000))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure(errno: errno) }
            if count == 0 { return nil }
            // Messages first: what was written before the output is known with it.
            if waited[1].revents != 0 { readMessages() }
            guard waited[0].revents != 0 else { continue }
            let read = Glibc.read(output, buffer.baseAddress, buffer.count)
            if read < 0, errno == EINTR { continue }
            guard read >= 0 else { throw Failure(errno: errno) }
            return read
        }
    }

    private func readMessages() {
        var block = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(errors, &block, block.count)
        hasErrors = count > 0 || count < 0 && errno == EINTR
        messages = (messages + block[..<max(0, count)]).suffix(Self.messageLimit)
    }

    /// Waits for the program, whose output has ended, and reads the rest of its messages. Returns whether it succeeded.
    func succeeded() -> Bool {
        while hasErrors { readMessages() }
        guard let process else { return false }
        var status: CInt = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        self.process = nil
        return status == 0
    }
}
