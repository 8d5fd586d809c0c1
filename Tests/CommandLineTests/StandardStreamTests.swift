import Foundation
import Imaging
import TestSupport
import Testing

/// Standard output and standard error that can't be written.
@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct StandardStreamTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    /// Runs a line of `sh`, in which `$G` is the program.
    /// - Returns: the line's status, and what it wrote to standard error of its own.
    private func shell(_ line: String) throws -> (status: Int32, errors: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-o", "pipefail", "-c", line]
        process.environment = ProcessInfo.processInfo.environment.merging(["G": Program.url.path]) { $1 }
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let errors = try place.folder.write("errors", "")
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        return (process.terminationStatus, try String(contentsOf: errors, encoding: .utf8))
    }

    private var folder: URL { URL(filePath: place.folder.path) }

    private func batch(_ streams: String) throws -> (status: Int32, errors: String) {
        try place.folder.write("p.txt", "a cat\na dog\n")
        return try shell(
            "$G generate --prompts p.txt --output out --precision f32 \(Program.quick.map { "'\($0)'" }.joined(separator: " ")) \(streams)"
        )
    }

    /// Progress is lost; work is not.
    @Test(arguments: ["2>/dev/full", "2>&-", "2> >(true)", "2>/dev/full >&2 2>&1 >/dev/null"])
    func brokenStandardError(_ streams: String) throws {
        #expect(try batch(streams).status == 0)
        for name in ["out/a-cat-0.png", "out/a-dog-1.png"] { #expect(throws: Never.self) { try place.picture(name) } }
        #expect(place.names(in: "out").count == 2)
    }

    @Test(arguments: [
        "generate 'a cat' --output a.png --steps 1 --quiet", "info", "info --json", "--help", "generate --help", "--version",
    ])
    func fullStandardOutput(_ arguments: String) throws {
        let run = try shell("$G \(arguments) > /dev/full")
        #expect(
            run.status == 1 && run.errors == "Error: Standard output can't be written: No space left on device.\n",
            "\(run.errors)")
        let closed = try shell("$G \(arguments) >&-")
        #expect(closed.status == 1 && closed.errors == "Error: Standard output can't be written: Bad file descriptor.\n")
    }

    @Test func fullStandardOutputOfABatch() throws {
        let run = try batch("--quiet > /dev/full")
        #expect(
            run.status == 1 && run.errors == "Error: Standard output can't be written: No space left on device.\n",
            "\(run.errors)")
    }

    /// Ends without a word, as a program does that its closed pipe ends.
    @Test(arguments: ["info", "--help"]) func pipesWithoutAReader(_ arguments: String) throws {
        let run = try shell("(sleep 0.2; $G \(arguments)) | true")
        #expect(run.status == 141 && run.errors.isEmpty, "\(run.errors)")
    }

    /// A closed stream's number must not become that of a picture's file.
    @Test func closedStreamsDoNotGetIntoFiles() throws {
        #expect(try shell("$G generate 'a cat' --output a.png --steps 1 --precision f32 <&- 2>&- > names").status == 0)
        #expect(throws: Never.self) { try place.picture("a.png") }
        #expect(try String(contentsOfFile: place.path("names"), encoding: .utf8) == "a.png\n")
    }

    /// A value of a megabyte is not echoed whole.
    @Test func longValuesAreCut() throws {
        let long = String(repeating: "x", count: 1 << 20)
        for line in ["\"scheduler\": \"\(long)\"", "\"\(long)\": 1", "\"model\": \"\(long)\"", "\"steps\": \"\(long)\""] {
            try place.folder.write("p.jsonl", "{\"prompt\": \"a\", \(line)}\n")
            for form in [[], ["--json"]] {
                let run = try place.run(["generate", "--prompts", "p.jsonl"] + form)
                #expect(run.exited && run.status == 1 && run.errors.contains("xxx"))
                #expect(run.errors.utf8.count < 4000 && run.output.utf8.count < 4000, "\(line.prefix(12))")
            }
        }
        let argument = String(repeating: "x", count: 100_000)
        for arguments in [
            ["--scheduler", argument], ["--width", argument], ["--\(argument)"], ["--model", argument], ["--from", argument],
        ] {
            let run = try place.run(["generate", "a cat"] + arguments)
            #expect(run.exited && run.status != 0 && run.errors.utf8.count < 4000, "\(arguments[0].prefix(12))")
        }
    }
}
