import ArgumentParser
import Workflows

/// The model of a command that has one.
struct SpeechModelOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "\(SpeechModelOption.help) (default: openai/whisper-base, fetched once; without the hub whisper-tiny.en)",
            valueName: "folder or name")) var model: String?

    static let help =
        "A Whisper model: a folder of transformers, faster-whisper (CTranslate2), optimum-intel (OpenVINO) or glint quantize, a name that glint pull brought, whisper-tiny.en or whisper-base."

    /// The model's folder.
    func location(_ bar: ProgressBar) async throws -> SpeechModelLocation.Model { try await Self.location(model, bar) }

    /// The folder of a model; fetches the model where it is one that can be fetched.
    /// - Parameter model: nil for the default one.
    static func location(_ model: String?, _ bar: ProgressBar) async throws -> SpeechModelLocation.Model {
        let progress = PullProgress(bar)
        defer { progress.finish() }
        return try await SpeechModelLocation().resolve(model) { event in
            switch event {
            case .note(let text): progress.finish(notes: [text])
            case .announcement(let text): bar.status(text)
            case .pull(let event): progress.show(event)
            }
        }
    }
}
