import ArgumentParser

@main struct Glint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "glint",
        abstract: "Pictures from words, on the OpenVINO runtime.",
        discussion: """
              glint generate "a pink unicorn on a blue background"

            In a checkout ./glint sets itself up at the first command; ./glint setup does only that. For completions in bash: \
            source <(glint --generate-completion-script bash)
            """,
        version: "0.1.0",
        subcommands: [
            GenerateCommand.self, QuantizeCommand.self, CompareCommand.self, CompareWorkerCommand.self, FIDCommand.self,
            PullCommand.self, ModelCommand.self, InfoCommand.self, BenchCommand.self,
        ])
}
