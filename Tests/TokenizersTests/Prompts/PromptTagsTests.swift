import Testing
import Tokenizers

@Suite struct PromptTagsTests {
    @Test(
        arguments: [
            ("a cat", "a cat", []),
            ("a <lora:style:0.8> cat", "a  cat", [["lora", "style", "0.8"]]),
            ("<lora:x>", "", [["lora", "x"]]),
            (
                "<lora:my lora_v1.2:0.5:1>, <lyco:b:te=0.5:unet=1>", ", ",
                [["lora", "my lora_v1.2", "0.5", "1"], ["lyco", "b", "te=0.5", "unet=1"]]
            ),
            ("<hypernet:x:1> a", " a", [["hypernet", "x", "1"]]),
            ("1 < 2, a <b> c", "1 < 2, a <b> c", []),
            ("<:x> <a b:c> <lora:>", "<:x> <a b:c> <lora:>", []),
            ("<lora:x", "<lora:x", []),
            ("<<lora:x:1>>", "<>", [["lora", "x", "1"]]),
        ] as [(String, String, [[String]])])
    func tagsAreTaken(_ prompt: String, _ text: String, _ tags: [[String]]) {
        let found = PromptTags(parsing: prompt)
        #expect(found.text == text)
        #expect(found.tags.map { [$0.kind] + $0.arguments } == tags)
    }

    @Test func manyMarksAreReadOnce() {
        let prompt = String(repeating: "<a:", count: 200_000)
        #expect(PromptTags(parsing: prompt).text == prompt)
    }

    @Test(arguments: [
        ("a cat AND a dog", "AND"), ("a {red|blue} cat", "{red|blue}"), ("a __color__ cat", "__color__"),
    ])
    func foreignNotationIsNamed(_ prompt: String, _ mark: String) {
        let notes = ForeignNotation.notes(of: prompt)
        #expect(notes.count == 1 && notes[0].hasPrefix(mark))
    }

    @Test(arguments: ["a cat and a dog", "SAND", "a_b", "snake__case", "(a:1.2) [b]"])
    func otherTextHasNoNote(_ prompt: String) { #expect(ForeignNotation.notes(of: prompt).isEmpty) }
}
