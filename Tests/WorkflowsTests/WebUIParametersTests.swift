import Diffusion
import Foundation
import TestSupport
import Testing

@testable import Workflows

@Suite struct WebUIParametersTests {
    private func text(_ name: String) throws -> String {
        try String(contentsOf: Goldens.url("Workflows/\(name).txt"), encoding: .utf8)
    }

    @Test func everythingThatTheWebUIWrites() throws {
        let found = WebUIParameters(try text("latin"))
        #expect(found.prompt == "a (red:1.2) fox in the snow, Steps: none\n\nby an old master, café")
        #expect(found.negativePrompt == "blurry, (ugly:1.3)\nlow quality, text")
        #expect(
            found.fields.map(\.key) == [
                "Steps", "Sampler", "Schedule type", "CFG scale", "Seed", "Size", "Model hash", "Model", "Denoising strength",
                "Clip skip", "ControlNet 0", "TI hashes", "Version",
            ])
        #expect(found["ControlNet 0"] == "Module: canny, Model: control [d14c], Weight: 1")
        #expect(found["TI hashes"] == "easynegative: c74b4e810b03")
        #expect(found["Sampler"] == "DPM++ 2M" && found["Version"] == "v1.10.1")
    }

    @Test(arguments: [
        // Without a negative prompt, with one alone, and with one of several lines in one.
        ("a cat\nSteps: 1, Sampler: LMS, Seed: 2", "a cat", "", 3),
        ("Negative prompt: a dog\nSteps: 1, Sampler: LMS, Seed: 2", "", "a dog", 3),
        ("a\r\nb\r\nNegative prompt: c\r\n\r\nd\r\nSteps: 1, Sampler: LMS, Seed: 2\r\n", "a\nb", "c\n\nd", 3),
        ("Steps: 1, Sampler: LMS, Seed: 2", "", "", 3),
        ("a\nNegative prompt:\nSteps: 1, Sampler: LMS, Seed: 2", "a", "", 3),
        ("a Negative prompt: b\nSteps: 1, Sampler: LMS, Seed: 2", "a Negative prompt: b", "", 3),
        // Parameters are in the last line, and three at least.
        ("a cat, Steps: 3", "a cat, Steps: 3", "", 0),
        ("Steps: 1, Sampler: LMS, Seed: 2\nthe end", "Steps: 1, Sampler: LMS, Seed: 2\nthe end", "", 0),
        ("", "", "", 0), (" \n ", "", "", 0),
        // A value of several lines.
        ("a\nSteps: 1, Sampler: LMS, Extra: \"one\ntwo\"", "a", "", 3),
        // Empty values, spaces, a comma at the end, and words between.
        ("a\nSteps: 1,  Sampler:LMS ,Seed: , nothing, Size: 8x8,", "a", "", 4),
    ])
    func forms(_ text: String, _ prompt: String, _ negative: String, _ count: Int) {
        let found = WebUIParameters(text)
        #expect(found.prompt == prompt && found.negativePrompt == negative && found.fields.count == count)
    }

    @Test func values() {
        func value(_ text: String) -> String? {
            WebUIParameters("p\nSteps: 1, Sampler: LMS, Odd key/2: \(text), Seed: 5")["Odd key/2"]
        }
        #expect(value(#""a, b: \"c\", d""#) == #"a, b: "c", d"#)
        #expect(value(#""a\nb é 猫""#) == "a\nb é 猫")
        // Quotation marks that are none.
        #expect(value(#""a" b"#) == #""a" b"#)
        #expect(value(#""a\q""#) == #""a\q""#)
        #expect(value(#""open"#) == #""open"#)
        #expect(value("a: b: c") == "a: b: c")
        #expect(WebUIParameters("p\nSteps: 1, Sampler: LMS, X: 5, Ab: \"no, end")["Ab"] == "\"no")
    }

    @Test(arguments: ["a, b", "a: b", "a\nb", #"a "quoted", text"#, "plain", "", "\\", "猫, 🦄"])
    func valuesComeBack(_ value: String) {
        let written = WebUIParameters(
            prompt: "a\nb", negativePrompt: "c\nd",
            fields: [.init(key: "Steps", value: "1"), .init(key: "Model", value: value), .init(key: "Seed", value: "2")])
        #expect(WebUIParameters(written.text) == written)
    }

    /// Any text is read in time that grows with its length alone.
    @Test(.timeLimit(.minutes(1))) func anyText() {
        var generator = SystemRandomNumberGenerator()
        let parts = [
            "Steps: ", "Negative prompt:", "\n", "\r\n", ",", ":", "\"", "\\", " ", "a", "Sampler: Euler a", "1", "Size: 8x8",
            "\u{301}",
            "🦄", "-/", "\u{2028}", "Seed: -1", "Clip skip: 99999999999999999999", "CFG scale: nan", "Steps: 1e9",
            "Denoising strength: 7",
        ]
        for _ in 0..<1_000 {
            let text = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                parts.randomElement(using: &generator) ?? ""
            }.joined()
            _ = PictureRecipe(WebUIParameters(text)).completing(GenerationDescription()).notes
        }
        for part in ["a", "a:", "a ", "\"", "aa:\"", "\\\"", "aa: \"\\", ","] {
            _ = WebUIParameters(String(repeating: part, count: 20_000))
        }
    }
}
