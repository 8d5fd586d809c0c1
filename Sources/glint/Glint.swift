import ArgumentParser

@main struct Glint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "glint",
        abstract: "Pictures from words, on the OpenVINO runtime.",
        discussion: """
            ./glint setup   fetches the runtime and builds, as every command does by itself where it is needed

              ./glint generate "a pink unicorn on a blue background"
            """,
        subcommands: [
            GenerateCommand.self, QuantizeCommand.self, CompareCommand.self, CompareWorkerCommand.self, FIDCommand.self,
            PullCommand.self, ModelCommand.self, InfoCommand.self, BenchCommand.self,
        ])
}
