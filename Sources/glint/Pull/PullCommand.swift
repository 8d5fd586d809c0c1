import ArgumentParser
import Foundation
import Hub
import Workflows

struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Download a model from the Hugging Face hub into its cache.",
        discussion: """
            The pull downloads only the files that a model needs: of a repository in diffusers' layout, the configuration and one \
            form of the weights of each component; of any other repository, the weights at its root; never .bin beside \
            .safetensors. The cache is the one of Python's huggingface_hub. Files in the cache are not downloaded again, and an \
            interrupted pull continues where it stopped.

              glint pull stabilityai/sd-turbo
              glint pull stable-diffusion-v1-5/stable-diffusion-v1-5@main --variant full
              glint pull ByteDance/Hyper-SD --file Hyper-SD15-4steps-lora.safetensors

            Environment: HF_TOKEN, HF_ENDPOINT, HF_HUB_CACHE, HF_HOME, HF_HUB_OFFLINE, HTTPS_PROXY.
            """)

    @Argument(
        help: ArgumentHelp("A repository, and its branch, tag or commit (default: main).", valueName: "owner/name[@revision]"))
    var repository: String
    @Option(
        help: ArgumentHelp(
            "The form of the weights: 'full', 'fp16' or another name that the repository has. (default: the form in the cache, else "
                + "fp16 where the repository has it: half the size, with hardly visible differences in pictures)"))
    var variant: String?
    @Option(help: ArgumentHelp("Download only this file of the repository. Repeatable.", valueName: "path"))
    var file: [String] = []
    @Option(help: ArgumentHelp("Download only files that match. Repeatable.", valueName: "pattern"))
    var include: [String] = []
    @Option(help: ArgumentHelp("Leave out files that match. Repeatable.", valueName: "pattern"))
    var exclude: [String] = []
    @Flag(help: "List the files without downloading them, except the small files that the selection depends on.") var dryRun =
        false
    @OptionGroup(title: "Progress") var display: ProgressOptions
    @Flag(help: "Print one JSON object instead of the folder's path.") var json = false

    func validate() throws {
        if variant?.isEmpty == true { throw ValidationError("--variant must be 'full', 'fp16' or another name; it is empty.") }
        if let path = (file + include + exclude).first(where: \.isEmpty) {
            throw ValidationError("--file, --include and --exclude must name files; one is '\(path)'.")
        }
        if !(file.isEmpty || include.isEmpty) {
            throw ValidationError("Give either --file or --include: a file's name is a pattern, too.")
        }
    }

    func run() async throws {
        var selection = FileSelection()
        (selection.files, selection.include, selection.exclude) = (file, include, exclude)
        selection.variant = variant.map { $0 == "full" ? .full : .named($0) } ?? .automatic
        let pull = ModelPull(
            try RepositoryReference(repository), environment: try HubEnvironment(), selection: selection)
        try await cancellingOnInterrupt {
            let progress = PullProgress(display.bar)
            defer { progress.finish() }
            if dryRun { try await list(pull, progress) } else { try await bring(pull, progress) }
        }
    }

    private func bring(_ pull: ModelPull, _ progress: PullProgress) async throws {
        let start = ContinuousClock.now
        let model = try await pull.run { progress.show($0) }
        progress.finish(notes: model.notes)
        let report = PullReport(
            pull.reference, model, receivedBytes: progress.receivedBytes, duration: ContinuousClock.now - start)
        try print(json ? jsonText(report) : model.folder.path)
    }

    private func list(_ pull: ModelPull, _ progress: PullProgress) async throws {
        let plan = try await pull.plan { progress.show($0) }
        progress.finish(notes: plan.notes)
        if json { return try print(jsonText(PullReport(pull.reference, plan))) }
        var table = TextTable(columns: ["file", "size", ""])
        for file in plan.files {
            table.add([file.remote.path, size(file.remote.size), file.isCached ? "in the cache" : ""])
        }
        table.add(["in all", size(plan.bytes), "to download: \(size(plan.bytes - plan.cachedBytes))"])
        try print(table.text)
    }

    /// Small files should not be shown as empty.
    private func size(_ bytes: Int) -> String {
        bytes < 1 << 20 ? String(format: "%.1f KiB", Double(bytes) / 1024) : format(bytes: bytes)
    }
}
