import Foundation
import Imaging
import TensorStore
import TestSupport
import Testing

/// `glint generate --prompts`.
@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct PromptBatchTests {
    private let place: Workplace
    private static let quick = [
        "--model", Program.model("sd15"), "--width", "32", "--height", "40", "--steps", "1", "--scheduler", "ddim",
    ]

    init() throws { place = try Workplace() }

    private func draw(_ file: String, _ arguments: String...) throws -> ProgramRun {
        try place.run(["generate", "--prompts", file] + Self.quick + arguments)
    }

    private func modified(_ name: String) throws -> Date? {
        try FileManager.default.attributesOfItem(atPath: place.path(name))[.modificationDate] as? Date
    }

    @Test func aSecondRunDrawsNothing() throws {
        try place.folder.write("prompts.txt", "# animals\na cat\r\n\n  a dog  \n")
        let first = try draw("prompts.txt", "--output", "new/folder")
        #expect(first.status == 0 && first.output == "new/folder/a-cat-0.png\nnew/folder/a-dog-1.png\n", "\(first.errors)")
        let drawn = try modified("new/folder/a-cat-0.png")

        let second = try draw("prompts.txt", "--output", "new/folder")
        #expect(second.status == 0 && second.output.isEmpty && second.errors == "2 of 2 were drawn before\n")
        #expect(try modified("new/folder/a-cat-0.png") == drawn)

        // Another recipe is another picture, and so is one that is gone.
        try FileManager.default.removeItem(atPath: place.path("new/folder/a-dog-1.png"))
        let third = try JSONValue(parsing: try draw("prompts.txt", "--output", "new/folder", "--json").output.utf8)
        #expect(third["kept"]?.array == ["new/folder/a-cat-0.png"] && third["drawn"]?.array == ["new/folder/a-dog-1.png"])
        #expect(try draw("prompts.txt", "--output", "new/folder", "--negative-prompt", "x").output == first.output)
        #expect(try place.recipe("new/folder/a-dog-1.png")["negative_prompt"] == "x")
        #expect(try draw("prompts.txt", "--output", "new/folder", "--negative-prompt", "x", "--redraw").output == first.output)
    }

    @Test func aLineThatFailsDoesNotEndTheRun() throws {
        let scene = Program.picture("scene")
        try place.folder.write(
            "lines.jsonl",
            """
            {"prompt": "a cat", "width": 100}
            {"prompt": "a fox", "image": "\(scene)", "strength": 0.9, "steps": 2, "count": 2, "seed": 7}
            {"prompt": "a pig", "lora": "nowhere.safetensors"}
            {"prompt": "a hen", "mask": "\(scene)"}
            {"prompt": "an owl", "strength": 0.5}
            {"prompt": "a yak", "negative_prompt": "x", "guidance_scale": 3, "height": 48, "output": "yak.png"}

            """)
        let run = try draw("lines.jsonl", "--output", "out", "--json")
        #expect(run.exited && run.status == 1)
        #expect(run.complaints.last == "Error: 4 lines were not drawn: 1, 3, 4, 5.")
        let report = try JSONValue(parsing: run.output.utf8)
        #expect(report["drawn"]?.array == ["out/a-fox-7.png", "out/a-fox-8.png", "yak.png"])
        let failed = try #require(report["failed"]?.array)
        #expect(failed.map { $0["line"] } == [1, 3, 4, 5])
        for (failure, text) in zip(failed, ["multiple of 8", "nowhere.safetensors", "The mask says", "The strength says"]) {
            #expect(failure["error"]?.string?.contains(text) == true)
        }
        #expect(place.names(in: "out") == ["a-fox-7.png", "a-fox-8.png"])
        let fox = try place.recipe("out/a-fox-8.png")
        #expect(fox["seed"] == 8 && fox["strength"]?.double == 0.9 && fox["image"]?.string == scene)
        let yak = try place.recipe("yak.png")
        #expect(yak["height"] == 48 && yak["guidance_scale"]?.double == 3 && yak["strength"] == nil)
        // Pictures alone are kept, and what failed is tried again.
        let again = try draw("lines.jsonl", "--output", "out")
        #expect(again.status == 1 && again.output.isEmpty && again.errors.contains("3 of 7 were drawn before"))
    }

    /// Options of the command hold for lines that say nothing else.
    @Test func strengthIsOfLinesWithAPicture() throws {
        try place.folder.write(
            "lines.jsonl",
            """
            {"prompt": "a cat"}
            {"prompt": "a dog", "image": "\(Program.picture("scene"))", "steps": 2}
            """)
        let run = try draw("lines.jsonl", "--strength", "0.7")
        #expect(run.status == 0 && run.output == "a-cat-0.png\na-dog-1.png\n", "\(run.errors)")
        #expect(try place.recipe("a-cat-0.png")["strength"] == nil && place.recipe("a-dog-1.png")["strength"]?.double == 0.7)
    }

    /// Stopped in the middle, and begun again.
    @Test func interruptsAndGoesOn() throws {
        // Each line's size tells it in the warning that it begins with.
        let sizes = [8, 16, 24, 32, 40]
        try place.folder.write("lines.jsonl", sizes.map { "{\"prompt\": \"a cat\", \"width\": \($0)}\n" }.joined())
        let arguments = ["generate", "--prompts", "lines.jsonl", "--output", "out"] + Self.quick
        let run = try place.run(arguments, interrupt: (SIGINT, "at 16×40"))
        #expect(run.exited && run.status == 130 && run.complaints.last == "Stopped.", "\(run.errors)")
        let first = place.names(in: "out")
        #expect(first.contains("a-cat-0.png") && first.count < sizes.count)
        for name in first { #expect(throws: Never.self) { try place.picture("out/\(name)") } }

        let second = try place.run(arguments + ["--json"])
        #expect(second.status == 0, "\(second.errors)")
        let report = try JSONValue(parsing: second.output.utf8)
        #expect(report["kept"]?.array?.count == first.count && report["drawn"]?.array?.count == sizes.count - first.count)
        #expect(place.names(in: "out") == (0..<5).map { "a-cat-\($0).png" })
        #expect(try place.picture("out/a-cat-4.png").image.width == 40)
    }

    @Test(arguments: [
        ("a cat\na cat\n", "p.txt", ["--count", "1"], nil as String?),
        (
            "{\"prompt\": \"x\", \"seed\": 3}\n{\"prompt\": \"x\", \"seed\": 3}", "p.jsonl", [],
            "Lines 1 and 2 would both be written to x-3.png"
        ),
        (
            "{\"prompt\": \"x\", \"output\": \"a.png\"}\n\n{\"prompt\": \"y\", \"output\": \"./a.png\"}", "p.jsonl", [],
            "Lines 1 and 3 would both be written to ./a.png"
        ),
        (
            "{\"prompt\": \"x\", \"stepz\": 3}", "p.jsonl", [],
            "p.jsonl, line 1: there is no option 'stepz'; the nearest is steps."
        ),
        ("{\"seed\": 1}\nx", "p.jsonl", [], "p.jsonl, line 1: there is no \"prompt\"; say what to draw."),
        ("{\"prompt\": \"x\", \"steps\": \"many\"}", "p.jsonl", [], "'steps' must be a whole number"),
        ("# nothing\n", "p.txt", [], "p.txt has no prompts"),
        ("a cat", "p.txt", ["--output", "p.txt"], "--output must be a folder with --prompts"),
        ("a cat", "p.txt", ["--output", "new.png"], "--output must be a folder with --prompts"),
        ("a cat", "p.txt", ["--output", "/proc/new"], "'/proc/new' can't be written"),
        ("a cat\na dog", "p.txt", ["--model", "nowhere"], "There is no model at"),
        ("a cat\na dog", "p.txt", ["--output", "new", "--scheduler", "eular"], "No scheduler is called 'eular'"),
        ("a cat\na dog", "p.txt", ["--output", "new", "--image", "nowhere.png"], "There is no file"),
        ("a cat", "p.txt", ["--output", "new/er", "--width", "100"], "must be a multiple of 8"),
    ])
    func mistakes(_ content: String, _ file: String, _ arguments: [String], _ text: String?) throws {
        try place.folder.write(file, content)
        let run = try place.run(["generate", "--prompts", file] + Self.quick + arguments)
        if let text {
            #expect(run.exited && run.status == 1 && run.output.isEmpty && run.errors.contains(text), "\(run.errors)")
            #expect(!run.errors.contains("encoding the prompt"))
            #expect(try place.folder.contents == [file])
        } else {
            #expect(run.status == 0 && run.output == "a-cat-0.png\na-cat-1.png\n", "\(run.errors)")
        }
    }
}
