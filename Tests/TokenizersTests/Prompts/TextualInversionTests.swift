import Foundation
import TensorStore
import TestSupport
import Testing

@testable import Tokenizers

@Suite struct TextualInversionTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func file(_ name: String, _ tensors: KeyValuePairs<String, Tensor>) throws -> String {
        var writer = SafetensorsWriter()
        for (name, tensor) in tensors { try writer.add(name, tensor) }
        let path = folder.path + "/" + name
        try writer.write(to: path)
        return path
    }

    private func golden(_ name: String) -> String { Goldens.url("Tokenizers/prompts/\(name).safetensors").path }

    @Test func wordsComeFromTheFile() throws {
        let toy = try TextualInversion(path: golden("toy"))
        #expect(toy.token == "<toy>" && toy.count == 3 && toy.vectors.map(\.shape) == [[3, 18]])
        let style = try TextualInversion(path: golden("Glint-Style"))
        #expect(style.token == "Glint-Style" && style.count == 1 && style.vectors[0].elementType == .f32)
        let pair = try TextualInversion(path: golden("pair"))
        #expect(pair.token == "pair" && pair.vectors.map(\.shape) == [[2, 6], [2, 10]])
        #expect(try TextualInversion(path: golden("toy"), token: "cat-toy").token == "cat-toy")
        let vector = try TextualInversion(path: file("one.safetensors", ["one": Tensor([1, 2, 3] as [Float], shape: [3])]))
        #expect(vector.vectors[0].shape == [1, 3])
    }

    @Test func filesThatAreNoneAreRefused() throws {
        let vector = try Tensor([1, 2] as [Float], shape: [1, 2])
        let wrong = try file("wrong.safetensors", ["a": vector, "b": vector])
        #expect(throws: TextualInversionError.layout(file: wrong, tensors: ["a", "b"])) { try TextualInversion(path: wrong) }
        let pickle = folder.path + "/bad.pt"
        try Data([0x80, 2, 0x7D]).write(to: URL(filePath: pickle))
        #expect(throws: TextualInversionError.checkpoint(.kind(.pickle, file: pickle))) { try TextualInversion(path: pickle) }
        // The name says nothing.
        #expect(try TextualInversion(path: file("good.bin", ["x": vector])).token == "x")
        let missing = folder.path + "/none.safetensors"
        #expect(throws: TextualInversionError.checkpoint(.file(.missing(path: missing)))) { try TextualInversion(path: missing) }
        let faults: [(Tensor, String)] = [
            (try Tensor([1, 2] as [Int32], shape: [1, 2]), "floating point"), (try Tensor(zeros: [0, 4]), "[vectors, width]"),
            (try Tensor(zeros: [1, 2, 3]), "[vectors, width]"), (try Tensor([.nan] as [Float], shape: [1, 1]), "finite"),
        ]
        for (tensor, expected) in faults {
            let path = try file("fault.safetensors", ["x": tensor])
            let error = #expect(throws: TextualInversionError.self) { try TextualInversion(path: path) }
            #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
        }
        let uneven = try file("uneven.safetensors", ["clip_l": Tensor(zeros: [1, 2]), "clip_g": Tensor(zeros: [2, 2])])
        let error = #expect(throws: TextualInversionError.self) { try TextualInversion(path: uneven) }
        #expect(error?.description.contains("as many vectors") == true)
        let unnamed = try file("unnamed.safetensors", ["x": vector])
        #expect(throws: TextualInversionError.emptyToken(file: unnamed)) { try TextualInversion(path: unnamed, token: " ") }
    }

    /// Ids by diffusers' `load_textual_inversion` and `maybe_convert_prompt`.
    @Test func wordsStandForTheirVectors() throws {
        let base = try TokenizerGoldens.small.get()
        let inversions = [try TextualInversion(path: golden("toy")), try TextualInversion(path: golden("Glint-Style"))]
        let (tokenizer, rows) = try base.adding(inversions, widths: [18])
        #expect(rows.shape == [4, 18] && tokenizer.vocabularyCount == base.vocabularyCount + 4)
        #expect(try rows.elements() == inversions[0].vectors[0].elements() as [Float] + inversions[1].vectors[0].elements())
        let reference = try SafetensorsCheckpoint(path: golden("inversion"))
        let prompts = [
            "a photo of a <toy> on a table", "<toy>, in the style of Glint-Style", "glint-style cat<toy>s", "a red cat",
        ]
        for (index, prompt) in prompts.enumerated() {
            let ids = try reference.tensor(named: "ids.\(index)").elements(as: Int64.self)
            #expect(tokenizer.encode(prompt, maxLength: 32).ids.map(Int64.init) == ids, "\(prompt)")
            #expect(tokenizer.chunks(of: prompt).ids.map { $0.map(Int64.init) } == [ids], "\(prompt)")
        }
        #expect(base.encode("<toy>") != tokenizer.encode("<toy>"))
    }

    @Test func vectorsOfOneWordStayInOneChunk() throws {
        let (tokenizer, _) = try TokenizerGoldens.small.get().adding([TextualInversion(path: golden("toy"))], widths: [18])
        let first = Int32(try TokenizerGoldens.small.get().vocabularyCount)
        let chunks = tokenizer.chunks(of: String(repeating: ". ", count: 28) + "(<toy>:1.5)")
        #expect(chunks.count == 2)
        #expect(Array(chunks.ids[1][1...4]) == [first, first + 1, first + 2, tokenizer.eosTokenID])
        #expect(Array(chunks.weights[1][0...4]) == [1, 1.5, 1.5, 1.5, 1])
        // More vectors than a chunk has places are cut, for want of another way.
        #expect(tokenizer.chunks(of: "<toy>", maxLength: 4).ids.map { $0[1] } == [first, first + 2])
    }

    @Test func whatDoesNotGoWithTheEncoderIsRefused() throws {
        let base = try TokenizerGoldens.small.get()
        let toy = try TextualInversion(path: golden("toy"))
        #expect(throws: TextualInversionError.tokenTaken("<toy>", file: toy.file)) { try base.adding([toy, toy], widths: [18]) }
        let other = TextualInversionError.width(file: toy.file, encoder: "text encoder", expected: 64, found: [18])
        #expect(throws: other) { try base.adding([toy], widths: [64]) }
        let pair = try TextualInversion(path: golden("pair"))
        #expect(try base.adding([pair], encoder: 0, widths: [6, 10]).rows.elements() == pair.vectors[0].elements() as [Float])
        #expect(try base.adding([pair], encoder: 1, widths: [6, 10]).rows.elements() == pair.vectors[1].elements() as [Float])
        let second = TextualInversionError.width(file: pair.file, encoder: "text encoder 2", expected: 6, found: [6, 10])
        #expect(throws: second) { try base.adding([pair], encoder: 1, widths: [6, 6]) }
        #expect("\(second)".contains("6 and 10"))
        // For two encoders, although the first fits.
        let both = TextualInversionError.encoders(file: pair.file, expected: [6], found: [6, 10])
        #expect(throws: both) { try base.adding([pair], widths: [6]) }
        #expect("\(both)".contains("of 6 and 10 numbers a vector (as Stable Diffusion XL); this model has 1, of 6."))
        // For one, on a model with two.
        #expect(throws: TextualInversionError.width(file: toy.file, encoder: "text encoder 2", expected: 20, found: [18])) {
            try base.adding([toy], encoder: 1, widths: [18, 20])
        }
        #expect(try base.adding([], widths: [5]).rows.shape == [0, 5])
    }
}
