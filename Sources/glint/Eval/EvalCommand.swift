import ArgumentParser

/// Measures of models over sets with known results.
struct EvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Measure how well models do on sets with known results.",
        subcommands: [EvalWERCommand.self])
}
