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

    /// In the folder of all, in folders of its own, or where it says.
    @Test func outputsOfLines() throws {
        let other = try TemporaryFolder()
        try place.folder.write(
            "lines.jsonl",
            """
            {"prompt": "a", "output": "x.png"}
            {"prompt": "b", "output": "deep/er/x.webp"}
            {"prompt": "c", "output": "folder/"}
            {"prompt": "d", "output": "\(other.path)/sub/d.jpg"}
            {"prompt": "e", "output": "several", "count": 2}
            """)
        let run = try draw("lines.jsonl", "--output", "out")
        #expect(
            run.output.split(separator: "\n") == [
                "out/x.png", "out/deep/er/x.webp", "out/folder/c-2.png", "\(other.path)/sub/d.jpg", "out/several/e-4.png",
                "out/several/e-5.png",
            ], "\(run.errors)")
        #expect(try draw("lines.jsonl", "--output", "out").errors == "6 of 6 were drawn before\n")
        #expect(try draw("lines.jsonl", "--output", "other/").output.hasPrefix("other/x.png\nother/deep/er/x.webp\n"))
    }

    @Test func linesOfStandardInput() throws {
        let input = try place.folder.write("in", "{\"prompt\": \"a cat\", \"seed\": 7}\n{\"prompt\": \"a dog\", \"seed\": -1}\n")
        let run = try place.run(["generate", "--prompts", "-", "--output", "out"] + Self.quick, input: input)
        #expect(run.status == 0, "\(run.errors)")
        let names = place.names(in: "out")
        #expect(names.count == 2 && names.contains("a-cat-7.png"))
        let bad = try place.folder.write("bad", "{\"prompt\": \"a cat\", \"count\": 1000000}\n")
        let refused = try place.run(["generate", "--prompts", "-"] + Self.quick, input: bad)
        #expect(
            refused.status == 1
                && refused.errors.contains("standard input, line 1: count must be a whole number from 1 to 100000"))
    }

    /// A picture that was drawn from other content is not the one that is asked for; its name and date do not matter.
    @Test func contentsCount() throws {
        try place.folder.write("p.txt", "a cat\n")
        func write(_ name: String, _ level: UInt8) throws {
            try RGBImage(width: 32, height: 40, filledWith: RGBPixel(red: level, green: level, blue: level)).write(
                to: place.path(name))
        }
        func isDrawn(_ arguments: String...) throws -> Bool {
            let run = try place.run(
                [
                    "generate", "--prompts", "p.txt", "--output", "out", "--model", Program.model("sd15"), "--steps", "2",
                    "--quiet",
                ]
                    + ["--scheduler", "ddim"] + arguments)
            #expect(run.status == 0, "\(run.errors)")
            return run.output == "out/a-cat-0.png\n"
        }
        try write("photo.png", 10)
        #expect(try isDrawn("--image", "photo.png") && !isDrawn("--image", "photo.png"))
        try write("photo.png", 200)
        #expect(try isDrawn("--image", "photo.png"))
        // The same under another name.
        try write("same.png", 200)
        #expect(try !isDrawn("--image", "./same.png"))
        // Masks and LoRAs.
        try write("mask.png", 255)
        #expect(
            try isDrawn("--image", "photo.png", "--mask", "mask.png") && !isDrawn("--image", "photo.png", "--mask", "mask.png"))
        var mask = try RGBImage(width: 32, height: 40, filledWith: RGBPixel(red: 255, green: 255, blue: 255))
        for x in 0..<32 { for y in 0..<16 { mask[x, y] = RGBPixel(red: 0, green: 0, blue: 0) } }
        try mask.write(to: place.path("mask.png"))
        #expect(try isDrawn("--image", "photo.png", "--mask", "mask.png"))
        try FileManager.default.copyItem(atPath: Program.lora, toPath: place.path("l.safetensors"))
        #expect(try isDrawn("--lora", "l.safetensors:0.5") && !isDrawn("--lora", "l.safetensors:0.5"))
        let lora = URL(filePath: place.path("l.safetensors"))
        var bytes = try Data(contentsOf: lora)
        bytes[bytes.count - 2] ^= 1
        try bytes.write(to: lora)
        #expect(try isDrawn("--lora", "l.safetensors:0.5"))
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
            "p.jsonl, line 1: stepz is not an option; did you mean steps?"
        ),
        ("{\"seed\": 1}\nx", "p.jsonl", [], "p.jsonl, line 1: there is no \"prompt\"; say what to draw."),
        ("{\"prompt\": \"x\", \"steps\": \"many\"}", "p.jsonl", [], "steps must be a whole number"),
        ("# nothing\n", "p.txt", [], "p.txt has no prompts"),
        ("a cat", "p.txt", ["--output", "p.txt"], "The output of several prompts must be a folder"),
        ("a cat", "p.txt", ["--output", "new.png"], "The output of several prompts must be a folder"),
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
