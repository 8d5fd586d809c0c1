import ArgumentParser
import Foundation
import Hub
import Workflows

struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Bring a model from the Hugging Face hub into its cache.",
        discussion: """
            Only what is needed comes: of a repository in diffusers' layout each component's configuration and one form of its \
            weights, of any other the weights at its root; never .bin beside .safetensors. The cache is the one that Python's \
            huggingface_hub uses, and what is there already is not brought again. A pull that was stopped is gone on with.

              glint pull stabilityai/sd-turbo
              glint pull stable-diffusion-v1-5/stable-diffusion-v1-5@main --variant full
              glint pull ByteDance/Hyper-SD --file Hyper-SD15-4steps-lora.safetensors

            Environment: HF_TOKEN, HF_ENDPOINT, HF_HUB_CACHE, HF_HOME, HF_HUB_OFFLINE, HTTPS_PROXY.
            """)

    @Argument(help: ArgumentHelp("A repository, and a branch, tag or commit of it (main).", valueName: "owner/name[@revision]"))
    var repository: String
    @Option(
        help: ArgumentHelp(
            "Which of the weights that a repository offers: 'full', 'fp16' or another name. (default: what is in the cache, else "
                + "fp16 where there is one: half the size, and what differs in pictures is hardly seen)"))
    var variant: String?
    @Option(help: ArgumentHelp("Only this file of the repository; may be given several times.", valueName: "path"))
    var file: [String] = []
    @Option(help: ArgumentHelp("All files that match, and no others; may be given several times.", valueName: "pattern"))
    var include: [String] = []
    @Option(help: ArgumentHelp("Leave out files that match; may be given several times.", valueName: "pattern"))
    var exclude: [String] = []
    @Flag(help: "List what would be brought, and bring nothing but what the choice depends on.") var dryRun = false
    @OptionGroup(title: "Progress") var display: ProgressOptions
    @Flag(help: "Print one JSON object instead of the folder's path.") var json = false

    func validate() throws {
        if variant?.isEmpty == true { throw ValidationError("--variant must be 'full', 'fp16' or another name; it is empty.") }
        if let path = (file + include + exclude).first(where: \.isEmpty) {
            throw ValidationError("--file, --include and --exclude must name files; one is '\(path)'.")
        }
        if !(file.isEmpty || include.isEmpty) {
            throw ValidationError("--file and --include exclude one another: a file's name is a pattern, too.")
        }
    }

    func run() async throws {
        var selection = FileSelection()
        selection.files = file
        selection.include = include
        selection.exclude = exclude
        selection.variant = variant.map { $0 == "full" ? .full : .named($0) } ?? .automatic
        let pull = ModelPull(
            try RepositoryReference(repository), environment: try HubEnvironment(), selection: selection)
        try await cancellingOnInterrupt { [dryRun, json, display] in
            if dryRun {
                try await list(pull, PullProgress(display.bar), json: json)
            } else {
                try await bring(pull, PullProgress(display.bar), json: json)
            }
        }
    }
}

private func bring(_ pull: ModelPull, _ progress: PullProgress, json: Bool) async throws {
    let start = ContinuousClock.now
    defer { progress.finish() }
    let model = try await pull.run { progress.show($0) }
    progress.finish()
    for note in model.notes { progress.note(note) }
    guard json else {
        print(model.folder.path)
        return
    }
    let report = PullReport(
        repository: pull.reference.repository, revision: pull.reference.revision, commit: model.commit, path: model.folder.path,
        files: model.files.map { .init(path: $0.path, bytes: $0.bytes, cached: $0.wasCached) }, notes: model.notes,
        receivedBytes: progress.receivedBytes, seconds: (ContinuousClock.now - start).seconds)
    print(try jsonText(report))
}

private func list(_ pull: ModelPull, _ progress: PullProgress, json: Bool) async throws {
    defer { progress.finish() }
    let plan = try await pull.plan { progress.show($0) }
    progress.finish()
    for note in plan.notes { progress.note(note) }
    guard !json else {
        let report = PullReport(
            repository: pull.reference.repository, revision: pull.reference.revision, commit: plan.commit, path: nil,
            files: plan.files.map { .init(path: $0.remote.path, bytes: $0.remote.size, cached: $0.isCached) },
            notes: plan.notes, receivedBytes: nil, seconds: nil)
        print(try jsonText(report))
        return
    }
    var table = TextTable(columns: ["file", "size", ""])
    for file in plan.files {
        table.add([file.remote.path, size(file.remote.size), file.isCached ? "in the cache" : ""])
    }
    table.add(["in all", size(plan.bytes), "to bring: \(size(plan.bytes - plan.cachedBytes))"])
    print(table.text)
}

/// Small files should not be shown as empty.
private func size(_ bytes: Int) -> String {
    bytes < 1 << 20 ? String(format: "%.1f KiB", Double(bytes) / 1024) : format(bytes: bytes)
}

/// The JSON of `--json`.
private struct PullReport: Encodable {
    struct File: Encodable {
        let path: String
        let bytes: Int
        let cached: Bool
    }

    let repository: String
    let revision: String
    let commit: String
    let path: String?
    let files: [File]
    let notes: [String]
    let receivedBytes: Int?
    let seconds: Double?

    enum CodingKeys: String, CodingKey {
        case repository, revision, commit, path, files, notes, seconds
        case receivedBytes = "received_bytes"
    }
}
