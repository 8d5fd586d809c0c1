import Foundation
import Imaging
import TensorStore
import TestSupport
import Testing

/// The program as users run it: the binary in the build folder that the tests lie in.
enum Program {
    static let url = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(
        path: "glint")

    static var isBuilt: Bool { FileManager.default.isExecutableFile(atPath: url.path) }

    static let missing: Comment = "the program is not built: swift build"

    /// A small model of random weights that draws in about a second: a latent consistency model.
    static let smallModel = model("autoencoder-kl")
    /// Others of its size: `sd15`, `sd21`, `sdxl`, `ssd`, `inpainting`.
    static func model(_ name: String) -> String { Goldens.url("Diffusion/pipeline/\(name)/model").path }
    /// A picture of 32×40, one that is no multiple of 8, or a mask for them.
    static func picture(_ name: String) -> String { Goldens.url("Diffusion/pipeline/pictures/\(name).png").path }
    /// For the UNet of `sd15`.
    static let lora = Goldens.url("Diffusion/pipeline/sd15/lcm-lora.safetensors").path
    /// Arguments that draw its quickest picture.
    static let quick = ["--model", smallModel, "--width", "64", "--height", "64", "--steps", "1"]
}

/// What a run of the program gave.
struct ProgramRun {
    let status: Int32
    /// Ended by itself, not by a signal.
    let exited: Bool
    let output: String
    let errors: String

    /// The lines of standard error but for notes on the model.
    var complaints: [String] {
        errors.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            .filter { !$0.isEmpty && !$0.hasPrefix("note: ") }
    }
}

/// A folder that the program is run in.
struct Workplace {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Runs `glint` with `arguments`.
    /// - Parameters:
    ///   - interrupt: a signal to send, and the text on standard error that it is sent after.
    ///   - input: the file on standard input; nil for none.
    ///   - subfolder: the folder in this one that it is run in.
    ///   - environment: variables beside those of this process.
    func run(
        _ arguments: [String], interrupt: (signal: Int32, after: String)? = nil, input: URL? = nil,
        in subfolder: String = "", environment: [String: String] = [:]
    ) throws -> ProgramRun {
        let logs = try TemporaryFolder()
        let (output, errors) = (try logs.write("out", ""), try logs.write("err", ""))
        let process = Process()
        process.executableURL = Program.url
        process.arguments = arguments
        // References are in f32, whatever is fastest on the machine.
        if ["generate", "compare"].contains(arguments.first), !arguments.contains("--precision") {
            process.arguments = arguments + ["--precision", "f32"]
        }
        process.currentDirectoryURL = subfolder.isEmpty ? folder.url : folder.url.appending(path: subfolder)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = try input.map { try FileHandle(forReadingFrom: $0) } ?? FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        if let interrupt {
            while process.isRunning, try !String(contentsOf: errors, encoding: .utf8).contains(interrupt.after) { usleep(5_000) }
            kill(process.processIdentifier, interrupt.signal)
        }
        process.waitUntilExit()
        return ProgramRun(
            status: process.terminationStatus, exited: process.terminationReason == .exit,
            output: try String(contentsOf: output, encoding: .utf8), errors: try String(contentsOf: errors, encoding: .utf8))
    }

    /// Runs `glint generate`, which must succeed.
    @discardableResult
    func generate(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> ProgramRun {
        let found = try run(["generate"] + arguments)
        #expect(found.status == 0 && found.exited, "\(found.errors)", sourceLocation: sourceLocation)
        return found
    }

    /// The same of the small model's quickest picture.
    @discardableResult
    func generateQuickly(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> ProgramRun {
        let found = try run(["generate"] + arguments + Program.quick)
        #expect(found.status == 0 && found.exited, "\(found.errors)", sourceLocation: sourceLocation)
        return found
    }

    func path(_ name: String) -> String { folder.path + "/" + name }

    func picture(_ name: String) throws -> ImageFile { try ImageFile(path: path(name)) }

    /// The recipe in a picture's metadata.
    func recipe(_ name: String) throws -> JSONValue {
        try JSONValue(parsing: try #require(try picture(name).metadata["glint"]).utf8)
    }

    /// The names of what is in a folder, sorted; none where there is no folder.
    func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path(folder))) ?? []).sorted()
    }

    /// A vector of `width` for each token of a word, as textual inversion trains them.
    @discardableResult
    func writeEmbedding(_ name: String, width: Int, _ value: Float = 1) throws -> String {
        var writer = SafetensorsWriter()
        let elements = (0..<2 * width).map { value * Float($0 % 5 - 2) }
        try writer.add("emb_params", Tensor(elements, shape: [2, width]))
        try writer.write(to: path(name))
        return path(name)
    }

    /// Writes a checkpoint of the kind of Stable Diffusion 2 in one file, with as many words as CLIP's tokenizer has.
    static func writeSingleFile(to path: String) throws {
        var writer = SafetensorsWriter()
        let checkpoint = try SafetensorsCheckpoint(path: Goldens.url("ModelLoading/single-file/sd2.safetensors").path)
        for name in checkpoint.entries.keys.sorted() {
            let tensor = try checkpoint.tensor(named: name)
            let isEmbedding = name.hasSuffix("token_embedding.weight")
            try writer.add(
                name, isEmbedding ? Tensor([Float](repeating: 0.5, count: 49408 * 6), shape: [49408, 6]) : tensor)
        }
        try writer.write(to: path)
    }

    /// The small model with a safety checker of random weights.
    func modelWithSafetyChecker() throws -> String {
        let files = FileManager.default
        try files.copyItem(atPath: Program.smallModel, toPath: path("checked"))
        for part in ["safety_checker", "feature_extractor"] {
            try files.removeItem(atPath: path("checked/\(part)"))
            try files.copyItem(at: Goldens.url("Architectures/safety/\(part)"), to: URL(filePath: path("checked/\(part)")))
        }
        return "checked"
    }
}
