import ModelGraph
import OpenVINO
public import TensorStore

/// A tokenizer or a detokenizer as an OpenVINO model, made by openvino_tokenizers' `convert_tokenizer`: strings in and ids out, or
/// the other way. Of any kind: byte pairs, WordPiece, SentencePiece, tiktoken.
///
/// Its operations belong to the extension library libopenvino_tokenizers.so, of the runtime's own version.
public final class TokenizerModel {
    public static let tokenizerName = "openvino_tokenizer.xml"
    public static let detokenizerName = "openvino_detokenizer.xml"

    private let path: String
    private let request: InferRequest
    /// The id that ends a text, if the model names one.
    public let endOfText: Int?

    /// - Parameters:
    ///   - path: the model's .xml file.
    ///   - library: the extension library.
    /// - Throws: `TokenizerModelError` where the model is neither; `FileError`, `GraphError`, `OpenVINOError`.
    public init(path: String, library: String) throws {
        self.path = path
        // By this project's own reader: wrong files are told by name and do not reach the runtime, and encrypted ones are read.
        let graph = try IRReader.read(path: path)
        endOfText = graph.runtimeInfo?.child("eos_token_id")?["value"].flatMap { Int($0) }
        try ExtensionLibraries.load([library])
        let serialized = try graph.serialized()
        let model = try Core.shared.readModel(xml: serialized.xml, weights: serialized.weightsTensor())
        let (inputs, outputs) = (try model.inputs, try model.outputs)
        guard inputs.count == 1, let input = inputs.first, let output = outputs.first else {
            throw TokenizerModelError.ports(inputs: inputs.count, outputs: outputs.count, file: path)
        }
        guard (input.elementType == .string) != (output.elementType == .string) else {
            throw TokenizerModelError.types(input: input.elementType, output: output.elementType, file: path)
        }
        request = try Core.shared.compile(model, device: .cpu).makeRequest()
    }

    /// The ids of each text, without padding.
    ///
    /// - Parameter maxLength: the most ids of a text; what is longer is cut, its last id being kept where that ends texts. The model's
    ///   own limit is a variable that the runtime's C interface does not reach.
    /// - Throws: `TokenizerModelError` for a detokenizer; `OpenVINOError`, `.embeddedNUL` for a text with a NUL.
    public func encode(_ texts: [String], maxLength: Int? = nil) async throws -> [[Int]] {
        guard try request.model.input(0).elementType == .string else { throw TokenizerModelError.isDetokenizer(file: path) }
        guard !texts.isEmpty else { return [] }
        try request.setInput(0, to: texts, shape: [texts.count])
        try await request.infer()
        let ids = try integers("input_ids", rows: texts.count)
        // Ones at tokens and zeros at padding; some tokenizers have none.
        let hasMask = request.model.outputs.contains { $0.name == "attention_mask" }
        let mask = hasMask ? try integers("attention_mask", rows: texts.count) : ids.map { $0.map { _ in 1 } }
        return zip(ids, mask).map { ids, mask in
            cut(zip(ids, mask).filter { $1 != 0 }.map(\.0), to: maxLength)
        }
    }

    /// The text of each list of ids.
    /// - Throws: `TokenizerModelError` for a tokenizer, or for ids that are no indices of a vocabulary; `OpenVINOError`.
    public func decode(_ ids: [[Int]]) async throws -> [String] {
        guard try request.model.input(0).elementType != .string else { throw TokenizerModelError.isTokenizer(file: path) }
        if let wrong = ids.joined().first(where: { !(0...Int(Int32.max)).contains($0) }) {
            throw TokenizerModelError.id(wrong, file: path)
        }
        var texts: [String] = []
        // A row each: padding of another length would be text.
        for ids in ids {
            guard !ids.isEmpty else {
                texts.append("")
                continue
            }
            let tensor = try Tensor(ids.map(Int64.init), shape: [1, ids.count])
            try request.setInput(0, to: try tensor.converted(to: request.model.input(0).elementType))
            try await request.infer()
            texts += try request.outputStrings(0)
        }
        return texts
    }

    private func cut(_ ids: [Int], to length: Int?) -> [Int] {
        guard let length, ids.count > length else { return ids }
        guard let last = ids.last, last == endOfText, length > 0 else { return Array(ids.prefix(length)) }
        return ids.prefix(length - 1) + [last]
    }

    private func integers(_ name: String, rows: Int) throws -> [[Int]] {
        let tensor = try request.outputTensor(name).converted(to: .i64)
        guard tensor.shape.rank == 2, tensor.shape[0] == rows else {
            throw TokenizerModelError.shape(name, tensor.shape, rows: rows, file: path)
        }
        let (elements, width): ([Int64], Int) = (try tensor.elements(), tensor.shape[1])
        return (0..<rows).map { row in elements[row * width..<(row + 1) * width].map(Int.init) }
    }
}

/// A model that is not used as the tokenizer or detokenizer that it should be.
public enum TokenizerModelError: Error, Equatable, CustomStringConvertible {
    case ports(inputs: Int, outputs: Int, file: String)
    case types(input: ElementType, output: ElementType, file: String)
    case isTokenizer(file: String)
    case isDetokenizer(file: String)
    case shape(String, Shape, rows: Int, file: String)
    case id(Int, file: String)

    public var description: String {
        switch self {
        case .ports(let inputs, let outputs, let file):
            "\(file) is no tokenizer: it has \(inputs) inputs and \(outputs) outputs; one that convert_tokenizer makes has one input."
        case .types(let input, let output, let file):
            "\(file) is no tokenizer: its input is \(input) and its output \(output); one of them must be string."
        case .isTokenizer(let file): "\(file) turns texts into ids; ids need a detokenizer, \(TokenizerModel.detokenizerName)."
        case .isDetokenizer(let file): "\(file) turns ids into texts; texts need a tokenizer, \(TokenizerModel.tokenizerName)."
        case .shape(let name, let shape, let rows, let file):
            "'\(name)' of \(file) is \(shape); a tokenizer of \(rows) texts gives \(rows) rows."
        case .id(let id, let file): "\(id) is no id of a token for \(file): ids are 0 or more."
        }
    }
}
