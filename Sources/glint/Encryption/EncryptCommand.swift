import ArgumentParser
import Encryption
import Foundation
import ModelLoading
import Workflows

struct EncryptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encrypt", abstract: "Encrypt a model: a folder, whose files keep their names, or a single file.",
        discussion: """
            The encrypted model is read wherever the plain one is, with --key-file or GLINT_KEY. Every part is authenticated: a \
            damaged or changed file is refused. docs/security.md says what this protects from, and what not.

              glint encrypt MODEL OUT --key-file key --make-key
              glint generate "a lighthouse" --model OUT --key-file key
            """)

    @Argument(help: "The model: a folder, a file, or a name as for glint generate.") var model: String
    @Argument(help: "The folder or file to make.") var output: String
    @Option(help: ArgumentHelp("A file with the key, or - for standard input. (default: GLINT_KEY)", valueName: "file"))
    var keyFile: String?
    @Flag(help: "Make a new key, and write it to --key-file, which must not exist.") var makeKey = false
    @Option(help: "The cipher: \(ChunkAlgorithm.allCases.map(\.name).joined(separator: " or ")).")
    var cipher = ChunkAlgorithm.aes256GCM.name
    @OptionGroup(title: "Progress") var display: ProgressOptions
    @Flag(help: "Print one JSON object instead of the path.") var json = false

    func run() async throws {
        try await cancellingOnInterrupt {
            let algorithm = try ChunkAlgorithm(name: cipher)
            try EncryptionRun.run(model, output, display, json) {
                .encrypt(try NewKey.key(keyFile, isMade: makeKey, option: "--key-file"), algorithm)
            }
        }
    }
}

struct DecryptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decrypt", abstract: "Write an encrypted model to disk in plain, of glint encrypt or of openssl enc.")

    @Argument(help: "The encrypted model: a folder or a file.") var model: String
    @Argument(help: "The folder or file to make.") var output: String
    @OptionGroup(title: "Encryption") var keys: KeyOptions
    @OptionGroup(title: "Progress") var display: ProgressOptions
    @Flag(help: "Print one JSON object instead of the path.") var json = false

    func run() async throws {
        try await cancellingOnInterrupt {
            try EncryptionRun.run(model, output, display, json) { .decrypt(try keys.keyring()) }
        }
    }
}

struct RekeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rekey", abstract: "Encrypt an encrypted model anew, with another key; nothing is written in plain.")

    @Argument(help: "The encrypted model: a folder or a file.") var model: String
    @Argument(help: "The folder or file to make.") var output: String
    @Option(help: ArgumentHelp("A file with the present key, or - for standard input. (default: GLINT_KEY)", valueName: "file"))
    var keyFile: [String] = []
    @Option(help: ArgumentHelp("A file with the new key.", valueName: "file")) var newKeyFile: String
    @Flag(help: "Make a new key, and write it to --new-key-file, which must not exist.") var makeKey = false
    @OptionGroup(title: "Progress") var display: ProgressOptions
    @Flag(help: "Print one JSON object instead of the path.") var json = false

    func run() async throws {
        try await cancellingOnInterrupt {
            try EncryptionRun.run(model, output, display, json) {
                let old = Keyring(keys: try KeyOptions.keys(keyFile))
                return .rekey(old, try NewKey.key(newKeyFile, isMade: makeKey, option: "--new-key-file"))
            }
        }
    }
}

/// The key that files are encrypted with.
enum NewKey {
    /// - Parameter isMade: whether a new key is written to the file.
    static func key(_ file: String?, isMade: Bool, option: String) throws -> EncryptionKey {
        if isMade {
            guard let file, file != "-" else { throw ValidationError("--make-key writes a new key to a file: give \(option).") }
            let key = try EncryptionKey.random()
            try key.write(to: file)
            return key
        }
        guard let key = try KeyOptions.keys(file.map { [$0] } ?? []).first else {
            throw ValidationError("Give a key: \(option), GLINT_KEY in the environment, or --make-key for a new one.")
        }
        return key
    }
}

enum EncryptionRun {
    /// - Parameter operation: called when the paths are right, so that a mistake in them leaves no new key behind.
    static func run(
        _ model: String, _ output: String, _ display: ProgressOptions, _ json: Bool,
        operation: () throws -> ModelEncryption.Operation
    ) throws {
        let (source, target) = (try ModelLocation.resolve(model), try ModelLocation.file(output, of: "output"))
        try ModelFolder.checkFree(target)
        ProcessProtection.forbidDumps()
        let bar = display.bar
        defer { bar.finish() }
        let report = try ModelEncryption(operation()).run(source, to: target) { bar.show($0) }
        bar.finish()
        if !report.copied.isEmpty {
            bar.note("files that were in plain are copied as they are: \(report.copied.joined(separator: ", "))")
        }
        if let id = report.keyID, !json { bar.note("the key's id is \(id)") }
        try print(json ? jsonText(report) : report.path)
    }
}
