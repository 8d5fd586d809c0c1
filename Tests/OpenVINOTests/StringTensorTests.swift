import OpenVINO
import TensorStore
import Testing

struct StringTensorTests {
    /// Strings shorter and longer than std::string's inline buffer (15 bytes), and beyond ASCII.
    static let strings = [
        "", "a pink unicorn", "fifteen bytes..", "sixteen bytes...",
        "ein blaues Pferd für Äpfel 🦄🏳️‍🌈", "日本語",
    ]

    @Test func readsWhatWasWritten() throws {
        let tensor = try InferTensor(Self.strings, shape: [2, 3])
        #expect(try tensor.elementType == .string)
        #expect(try tensor.shape == [2, 3])
        #expect(try tensor.strings() == Self.strings)
        #expect(try InferTensor([], shape: [0]).strings() == [])
        #expect(try InferTensor(["scalar"], shape: []).strings() == ["scalar"])
    }

    @Test func passThroughAModel() throws {
        let request = try compiled(IR.identity(.string, "?")).makeRequest()
        for count in [6, 2] {
            let strings = Array(Self.strings.suffix(count))
            try request.setInput("x", to: strings, shape: [count])
            try request.infer()
            #expect(try request.outputStrings(0) == strings)
        }
    }

    @Test func refusesWhatCanNotCross() throws {
        #expect(throws: OpenVINOError.embeddedNUL(in: "string 1")) { try InferTensor(["a", "b\0c"], shape: [2]) }
        #expect(throws: OpenVINOError.stringCount([2, 1], found: 1)) { try InferTensor(["a"], shape: [2, 1]) }
        #expect(throws: OpenVINOError.stringCount([-1], found: 1)) { try InferTensor(["a"], shape: [-1]) }
        let tensor = try InferTensor(["a"], shape: [1])
        #expect(throws: OpenVINOError.stringBytes) { try tensor.withUnsafeBytes { $0.count } }
        #expect(throws: OpenVINOError.stringBytes) { try tensor.withUnsafeMutableBytes { $0.count } }
        #expect(throws: OpenVINOError.stringBytes) { try tensor.copy() }
        #expect(throws: OpenVINOError.self) { try InferTensor(zeros: [1], of: .f32).strings() }
    }
}
