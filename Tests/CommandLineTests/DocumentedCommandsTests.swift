import Foundation
import Imaging
import TestSupport
import Testing

/// Every command in README and docs, run in a folder where small things stand in for the user's: `DocumentStage`.
///
/// A command that can't be run here needs a reason in `reasons`; one that has neither stand-ins nor a reason fails.
@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct DocumentedCommandsTests {
    /// Why a command is not run. The first text that a command contains counts.
    static let reasons = [
        ("git clone", "the repository's address is the reader's"),
        ("glint quantize openai/", "needs a model of speech, which is not in the repository"),
        ("glint transcribe", "likewise"),
        ("glint eval wer", "likewise"),
        ("make ", "runs or builds what this test is part of"),
        ("./glint setup", "installs packages"),
        ("Scripts/swift build", "builds what this test is part of"),
        ("--synthetic", "writes gigabytes of random weights"),
        ("Benchmarks/", "needs the environments of the peers"),
        ("python3 compare.py", "needs the environments of the peers"),
        ("--repeats 20", "a measurement of minutes"),
        ("pt_inception.pth", "91 MB of weights, which are not in the repository"),
        ("glint generate …", "stands for any command, in a sentence"),
        ("--cache-dir CACHE", "stands for any folder, in a sentence"),
        ("glint compare A B", "stands for any models, in a sentence"),
        ("glint compare Models/emoji-lcm OUT", "draws for minutes; glint compare is run with smaller models"),
        ("--network vae      #", "a line of a protocol"),
        ("--model FILE.safetensors", "the small single files do not draw: their channels are fewer than the groups of the norms"),
        ("dreamshaper_8", "likewise"),
        ("openssl enc -aes-128-cbc", "the keys are the reader's; OpenSSLTests run such commands"),
        ("--openssl-key key", "likewise"),
    ]

    @Test(arguments: try DocumentedCommand.documents()) func commandsRun(_ document: String) throws {
        let stage = try DocumentStage()
        for command in try DocumentedCommand.all(in: document) {
            if Self.reasons.contains(where: { command.text.contains($0.0) }) { continue }
            let run = try stage.run(command.text)
            #expect(run.status == 0, "\(document):\(command.line): \(command.text)\n\(run.output.suffix(2000))")
        }
    }

    @Test func reasonsAreNeeded() throws {
        let commands = try DocumentedCommand.documents().flatMap { try DocumentedCommand.all(in: $0) }
        #expect(commands.count > 60)
        for (text, reason) in Self.reasons {
            #expect(commands.contains { $0.text.contains(text) }, "nothing is left out because it '\(reason)': \(text)")
        }
    }
}

/// A command of a document.
struct DocumentedCommand {
    let line: Int
    let text: String

    /// README and the files of `docs`.
    static func documents() throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: Goldens.repository.appending(path: "docs").path)
        return ["README.md"] + names.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
    }

    /// Indented lines, and code in sentences and tables that has more than the name of a command.
    static func all(in document: String) throws -> [DocumentedCommand] {
        let text = try String(contentsOf: Goldens.repository.appending(path: document), encoding: .utf8)
        var commands: [DocumentedCommand] = []
        var isFenced = false
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("```") { isFenced.toggle() }
            guard !isFenced else { continue }
            if line.hasPrefix("    "), let first = line.first(where: { $0 != " " }), first != "#" {
                commands.append(DocumentedCommand(line: index + 1, text: line.trimmingCharacters(in: .whitespaces)))
                continue
            }
            for code in line.matches(of: /`((?:\.\/glint|glint|make) [^`]+)`/).map({ String($0.output.1) }) {
                // "glint pull" is a name; "glint pull NAME" is a command.
                guard code.hasPrefix("./") || code.split(separator: " ").count > 2 else { continue }
                commands.append(DocumentedCommand(line: index + 1, text: code))
            }
        }
        return commands
    }
}

/// A folder with stand-ins for what documents name, in which their commands are run one after the other.
struct DocumentStage {
    let folder: TemporaryFolder

    /// Names in documents, and the small things of the tests that stand for them.
    private static let standIns: [(name: String, target: String)] = [
        ("M", "Tests/Goldens/Diffusion/pipeline"), ("Models", "Models"),
        ("home/models/sd15", "Tests/Goldens/Diffusion/pipeline/sd15/model"),
        ("home/models/loras/lcm-lora.safetensors", "Tests/Goldens/Diffusion/pipeline/sd15/lcm-lora.safetensors"),
        ("lcm-lora.safetensors", "Tests/Goldens/Diffusion/pipeline/sd15/lcm-lora.safetensors"),
        ("FILE", "Tests/Goldens/Diffusion/pipeline/sd15/lcm-lora.safetensors"),
        ("taesd_decoder.safetensors", "Tests/Goldens/Architectures/tiny-vae/taesd"),
        ("MODEL", "Tests/Goldens/Diffusion/pipeline/sd15/model"),
        ("model.xml", "Tests/Goldens/Benchmarking/model.xml"), ("model.bin", "Tests/Goldens/Benchmarking/model.bin"),
        ("model.onnx", "Tests/Goldens/Benchmarking/model.onnx"), ("dynamic.onnx", "Tests/Goldens/Benchmarking/dynamic.onnx"),
        ("where.png", "Tests/Goldens/Diffusion/pipeline/pictures/mask.png"),
    ]

    init() throws {
        folder = try TemporaryFolder()
        let files = FileManager.default
        for (name, target) in Self.standIns {
            let link = folder.url.appending(path: name)
            try files.createDirectory(at: link.deletingLastPathComponent(), withIntermediateDirectories: true)
            try files.createSymbolicLink(at: link, withDestinationURL: Goldens.repository.appending(path: target))
        }
        let scene = try ImageFile(path: Program.picture("scene")).image
        try scene.write(to: folder.path + "/photo.jpg")
        try folder.write("prompts.txt", "a cat\na green apple\n")
        // What is measured is whether a command runs: as little as possible is calibrated and compared.
        try folder.write(
            "glint",
            """
            #!/bin/sh
            case "$1" in
            quantize) set -- "$@" --subset-size 1 --steps 2 --width 64 --height 64 ;;
            compare) set -- "$@" --count 1 --steps 2 --width 64 --height 64 ;;
            tune) set -- "$@" --repeats 1 --steps 1 --width 64 --height 64 ;;
            bench) [ "$2" != model ] || set -- "$@" -t 1 ;;
            esac
            exec '\(Program.url.path)' "$@"

            """)
        try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path + "/glint")
        try Workplace.writeSingleFile(to: folder.path + "/FILE.safetensors")
        // A model of the LoRA's kind, with the scheduler of an LCM.
        let lcm = folder.url.appending(path: "home/models/LCM_Dreamshaper_v7")
        try files.copyItem(at: URL(filePath: Program.model("sd15")), to: lcm)
        let scheduler = lcm.appending(path: "scheduler/scheduler_config.json")
        try String(contentsOf: scheduler, encoding: .utf8).replacing("PNDMScheduler", with: "LCMScheduler")
            .write(to: scheduler, atomically: true, encoding: .utf8)
        // The hub's cache holds what `glint pull` would bring.
        let pulled = "home/.cache/huggingface/hub/models--stabilityai--sd-turbo"
        let commit = String(repeating: "0123456789", count: 4)
        try folder.write("\(pulled)/refs/main", commit)
        try files.createDirectory(
            at: folder.url.appending(path: "\(pulled)/snapshots"), withIntermediateDirectories: true)
        try files.copyItem(
            atPath: Program.model("sd21"), toPath: folder.path + "/\(pulled)/snapshots/\(commit)")
    }

    /// Runs a command by bash, with what it makes removed before.
    func run(_ command: String) throws -> (status: Int32, output: String) {
        for made in ["OUT", "comparison"] { try? FileManager.default.removeItem(atPath: "\(folder.path)/\(made)") }
        if command.contains("quantize"), command.contains("lcm-int8") {
            try? FileManager.default.removeItem(atPath: folder.path + "/lcm-int8")
        }
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-c", command.hasPrefix("glint ") ? "./\(command)" : command]
        process.currentDirectoryURL = folder.url
        process.environment = ProcessInfo.processInfo.environment.merging([
            "HOME": folder.path + "/home", "HF_HUB_OFFLINE": "1", "HF_HOME": folder.path + "/home/.cache/huggingface",
        ]) { $1 }
        process.standardInput = FileHandle.nullDevice
        let log = folder.url.appending(path: "log")
        try Data().write(to: log)
        let handle = try FileHandle(forWritingTo: log)
        (process.standardOutput, process.standardError) = (handle, handle)
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: try Data(contentsOf: log), as: UTF8.self))
    }
}
