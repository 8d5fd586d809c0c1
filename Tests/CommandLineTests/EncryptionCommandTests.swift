import Foundation
import Imaging
import TestSupport
import Testing

/// Encrypted models, from the command line to pictures.
@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct EncryptionCommandTests {
    private let workplace: Workplace
    private static let quick = ["--width", "64", "--height", "64", "--steps", "1", "--seed", "3"]

    init() throws {
        workplace = try Workplace()
        try succeed(["encrypt", Program.smallModel, "sealed", "--key-file", "key", "--make-key"])
    }

    @discardableResult
    private func succeed(
        _ arguments: [String], environment: [String: String] = [:], input: URL? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> ProgramRun {
        let run = try workplace.run(arguments, input: input, environment: environment)
        #expect(run.status == 0 && run.exited, "\(arguments): \(run.errors)", sourceLocation: sourceLocation)
        return run
    }

    /// The one line that a failing run prints, and that it drew nothing.
    private func complaint(
        _ arguments: [String], environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let run = try workplace.run(
            ["generate", "a cat"] + Self.quick + ["--output", "never.png"] + arguments, environment: environment)
        #expect(run.status != 0 && run.exited, "\(arguments)", sourceLocation: sourceLocation)
        #expect(!workplace.names(in: "").contains("never.png"), sourceLocation: sourceLocation)
        return run.errors
    }

    private func draw(_ name: String, _ arguments: [String], environment: [String: String] = [:], input: URL? = nil) throws {
        try succeed(
            ["generate", "a cat"] + Self.quick + ["--output", name] + arguments, environment: environment, input: input)
    }

    private func pixels(_ name: String) throws -> [UInt8] { try workplace.picture(name).image.bytes }

    private func files(in folder: String) throws -> [String: Data] {
        var files: [String: Data] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            var isFolder: ObjCBool = false
            let url = URL(filePath: folder + "/" + path).resolvingSymlinksInPath()
            if FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), !isFolder.boolValue {
                files[path] = try Data(contentsOf: url)
            }
        }
        return files
    }

    /// A key that a failed command left would have to be removed before the next try.
    @Test(arguments: [["nowhere", "out"], ["sealed", "sealed"]]) func aMistakeLeavesNoKey(_ paths: [String]) throws {
        for command in [
            ["encrypt"] + paths + ["--key-file", "new"], ["rekey"] + paths + ["--key-file", "key", "--new-key-file", "new"],
        ] {
            let run = try workplace.run(command + ["--make-key"])
            #expect(run.status != 0 && run.exited && !workplace.names(in: "").contains("new"), "\(command): \(run.errors)")
        }
    }

    @Test func tokenizersAreRead() throws {
        let folder = Goldens.url("Tokenizers/whisper/multilingual").path
        try succeed(["encrypt", folder, "tokenizer", "--key-file", "key"])
        let plain = try succeed(["tokenize", folder, "Hello there"])
        #expect(try succeed(["tokenize", "tokenizer", "Hello there", "--key-file", "key"]).output == plain.output)
        let without = try workplace.run(["tokenize", "tokenizer", "Hello there"])
        #expect(without.status != 0 && without.errors.contains("--key-file"), "\(without.errors)")
    }

    @Test func drawsTheSamePictures() throws {
        try draw("plain.png", ["--model", Program.smallModel])
        let plain = try pixels("plain.png")
        try draw("file.png", ["--model", "sealed", "--key-file", "key"])
        #expect(try pixels("file.png") == plain)
        let key = try String(contentsOfFile: workplace.path("key"), encoding: .utf8)
        try draw("variable.png", ["--model", "sealed"], environment: ["GLINT_KEY": key])
        #expect(try pixels("variable.png") == plain)
        try draw("input.png", ["--model", "sealed", "--key-file", "-"], input: URL(filePath: workplace.path("key")))
        #expect(try pixels("input.png") == plain)
        // Several pictures, so that networks are used again.
        try succeed(
            ["generate", "a cat"] + Self.quick
                + ["--count", "2", "--output", "two/", "--model", "sealed", "--key-file", "key"])
        #expect(workplace.names(in: "two").count == 2)
    }

    /// Weights in 8 and 4 bits: the picture is the same although all that was packed is wiped.
    @Test(arguments: [["--subset-size", "1"], ["--weights-only", "int8"], ["--weights-only", "int4"]])
    func drawsWithQuantizedWeights(_ options: [String]) throws {
        try succeed(["quantize", Program.smallModel, "small", "--steps", "1", "--width", "64", "--height", "64"] + options)
        try succeed(["encrypt", "small", "small-sealed", "--key-file", "key"])
        try draw("small.png", ["--model", "small"])
        try draw("sealed.png", ["--model", "small-sealed", "--key-file", "key"])
        #expect(try pixels("sealed.png") == pixels("small.png"))
    }

    @Test func encryptsWholeFoldersAndGivesThemBack() throws {
        let (plain, sealed) = (try files(in: Program.smallModel), try files(in: workplace.path("sealed")))
        #expect(Set(plain.keys) == Set(sealed.keys))
        for (name, bytes) in sealed {
            #expect(bytes.starts(with: "glint-encrypted\n".utf8), "\(name)")
            let original = try #require(plain[name])
            if original.count >= 64 { #expect(bytes.firstRange(of: original.prefix(64)) == nil, "\(name)") }
        }
        try succeed(["decrypt", "sealed", "plain", "--key-file", "key"])
        #expect(try files(in: workplace.path("plain")) == plain)

        try succeed(["rekey", "sealed", "other", "--key-file", "key", "--new-key-file", "key2", "--make-key"])
        try succeed(["decrypt", "other", "again", "--key-file", "key2"])
        #expect(try files(in: workplace.path("again")) == plain)
        let old = try workplace.run(["decrypt", "other", "never", "--key-file", "key"])
        #expect(old.status != 0 && old.errors.contains("give the right one"))
        #expect(!workplace.names(in: "").contains("never"))

        let again = try workplace.run(["encrypt", "sealed", "never", "--key-file", "key"])
        #expect(again.status != 0 && again.errors.contains("glint rekey"))
        let made = try workplace.run(["encrypt", Program.smallModel, "never", "--key-file", "key", "--make-key"])
        #expect(made.status != 0 && made.errors.contains("there is a file already"))
    }

    @Test func saysWhatIsWrongBeforeAnythingIsRun() throws {
        #expect(try complaint(["--model", "sealed"]).contains("give its key with --key-file or in GLINT_KEY"))
        try workplace.folder.write("wrong", String(repeating: "ab", count: 32))
        #expect(try complaint(["--model", "sealed", "--key-file", "wrong"]).contains("give the right one"))
        #expect(try complaint(["--model", "sealed"], environment: ["GLINT_KEY": "abc"]).contains("64 hexadecimal digits"))
        let weights = "unet/diffusion_pytorch_model.safetensors"
        let file = URL(filePath: workplace.path("sealed/\(weights)"))
        let stored = try Data(contentsOf: file)
        var flipped = stored
        flipped[stored.count / 2] ^= 4
        try flipped.write(to: file)
        #expect(try complaint(["--model", "sealed", "--key-file", "key"]).contains("is encrypted and damaged"))
        try stored.dropLast(100).write(to: file)
        #expect(try complaint(["--model", "sealed", "--key-file", "key"]).contains("is encrypted and cut"))
        // Another file of the same model, with the same key.
        try Data(contentsOf: URL(filePath: workplace.path("sealed/text_encoder/model.safetensors"))).write(to: file)
        #expect(try complaint(["--model", "sealed", "--key-file", "key"]).contains("lies under another name"))
        try stored.write(to: file)
        try draw("whole.png", ["--model", "sealed", "--key-file", "key"])
    }

    @Test func refusesToWriteInPlain() throws {
        let cached = try complaint(["--model", "sealed", "--key-file", "key", "--cache-dir", "cache"])
        #expect(cached.contains("would hold its weights in plain"))
        let quantized = try workplace.run(["quantize", "sealed", "int8"], environment: ["GLINT_KEY": "00"])
        #expect(quantized.status != 0 && quantized.errors.contains("glint decrypt"))
    }

    @Test func modelsAreShown() throws {
        let plain = try succeed(["model", Program.smallModel]).output
        let sealed = try succeed(["model", "sealed", "--key-file", "key"]).output
        // The model's path stands in the first line and in notes.
        func table(_ text: String) -> [Substring] { text.split(separator: "\n").filter { !$0.contains("/") } }
        #expect(table(plain).count > 5 && table(plain) == table(sealed))
    }

    @Test func limitsOfLockedMemoryAreSaid() throws {
        // Root may lock everything, whatever the limit.
        guard geteuid() != 0 else { return }
        let run = try workplace.run(
            ["generate", "a cat"] + Self.quick + ["--model", "sealed", "--key-file", "key", "--output", "a.png"])
        #expect(run.errors.contains("ulimit -l") || run.status == 0)
    }

    /// A model each of whose files went through the real `openssl enc`, as OpenVINO's article has it.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"), "openssl is not installed"))
    func readsModelsOfTheProgramOpenSSL() throws {
        try draw("plain.png", ["--model", Program.smallModel])
        let value = "6f70656e76696e6f20656e6372797074"
        try workplace.folder.write("value", value)
        try workplace.folder.write("secret.txt", "a secret\n")
        for (name, options, arguments) in [
            ("article", ["-aes-128-cbc", "-K", value, "-iv", value], ["--openssl-key", "value", "--openssl-iv", "value"]),
            (
                "password", ["-aes-256-cbc", "-pbkdf2", "-pass", "pass:a secret"],
                ["--openssl-password-file", "secret.txt", "--openssl-pbkdf2"]
            ),
        ] {
            for path in try files(in: Program.smallModel).keys {
                let target = workplace.path("\(name)/\(path)")
                try FileManager.default.createDirectory(
                    atPath: (target as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
                let process = try Process.run(
                    URL(filePath: "/usr/bin/openssl"),
                    arguments: ["enc"] + options + ["-in", "\(Program.smallModel)/\(path)", "-out", target])
                process.waitUntilExit()
                #expect(process.terminationStatus == 0)
            }
            try draw("\(name).png", ["--model", name] + arguments)
            #expect(try pixels("\(name).png") == pixels("plain.png"))
            try succeed(["decrypt", name, "\(name)-plain"] + arguments)
            #expect(try files(in: workplace.path("\(name)-plain")) == files(in: Program.smallModel))
        }
        try workplace.folder.write("value2", "7" + value.dropFirst())
        let wrong = try complaint(["--model", "article", "--openssl-key", "value2", "--openssl-iv", "value"])
        #expect(wrong.contains("openssl"))
    }
}
