import ArgumentParser

/// The model of a command that has one.
struct SpeechModelOption: ParsableArguments {
    @Option(help: SpeechModelOption.help) var model: String

    static let help = ArgumentHelp(
        "A Whisper model: a folder of transformers or of faster-whisper (CTranslate2), or a name that glint pull brought.",
        valueName: "folder")
}
