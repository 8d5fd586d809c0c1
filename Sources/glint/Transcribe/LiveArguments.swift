import ArgumentParser
import Workflows

/// The choice between writing down sound while it goes on, and when it has ended.
struct LiveArguments: ParsableArguments {
    @Flag(
        inversion: .prefixedNo,
        help: ArgumentHelp(
            "Write down what comes through - while it goes on, by the most probable token each time, or when it has ended. (default: live from a pipe or terminal, not from a file)"
        )) var live: Bool?

    /// - Parameter option: one that needs the whole sound, or no times, which are what lets live sound go.
    func validate(_ files: [String], with option: String?) throws {
        guard live == true else { return }
        if files != ["-"] { throw ValidationError("--live is for sound on standard input: give - in place of files.") }
        if let option { throw ValidationError("\(option) is not for live sound; leave it out, or give --no-live.") }
    }

    func isLive(_ files: [String], with option: String?) -> Bool {
        live ?? (files == ["-"] && option == nil && LiveInput.isLive)
    }
}
