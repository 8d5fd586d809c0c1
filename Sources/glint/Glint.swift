import ArgumentParser
import Foundation
import TensorStore

@main struct Glint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "glint",
        abstract: "Pictures from words, and words from speech, on the OpenVINO runtime.",
        discussion: """
              glint generate "a pink unicorn on a blue background"

            In a checkout ./glint sets itself up at the first command; ./glint setup does only that. For completions in bash: \
            source <(glint --generate-completion-script bash)
            """,
        version: "0.1.0",
        subcommands: [
            GenerateCommand.self, TranscribeCommand.self, QuantizeCommand.self, CompareCommand.self, CompareWorkerCommand.self,
            FIDCommand.self, EvalCommand.self,
            TokenizeCommand.self, DetokenizeCommand.self,
            PullCommand.self, EncryptCommand.self, DecryptCommand.self, RekeyCommand.self, ModelCommand.self, InfoCommand.self,
            DoctorCommand.self, BenchCommand.self, TuneCommand.self,
        ])
}

extension Glint {
    /// Parses and runs as `AsyncParsableCommand` does, with streams that can fail.
    static func main() async {
        StandardStream.prepare()
        do {
            var command = try await asyncParseAsRoot()
            defer { if let note = KeyOptions.unlockedNote { StandardStream.report("note: \(note)\n") } }
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch let error as StandardOutputError where error.isWithoutReader {
            // The status that shells give to a program which a closed pipe ends.
            Foundation.exit(128 + SIGPIPE)
        } catch {
            Foundation.exit(end(error))
        }
    }

    /// Prints an error, or help that was asked for.
    /// - Returns: the exit status.
    private static func end(_ error: any Error) -> Int32 {
        let code = exitCode(for: error)
        let message = UnknownOption.corrected(fullMessage(for: error)).cutForMessage
        guard !message.isEmpty else { return code.rawValue }
        guard code.isSuccess else {
            StandardStream.report(message + "\n")
            return code.rawValue
        }
        do {
            try print(fullMessage(for: error))
            return code.rawValue
        } catch {
            if error.isWithoutReader { return 128 + SIGPIPE }
            StandardStream.report("Error: \(error)\n")
            return ExitCode.failure.rawValue
        }
    }
}
