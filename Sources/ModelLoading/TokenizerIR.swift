import Foundation
import ModelGraph
import TensorStore
import Tokenizers

extension CLIPTokenizer {
    /// Reads a tokenizer's folder in any form: tokenizer.json, vocab.json and merges.txt, or the IR of openvino_tokenizers.
    /// - Throws: `TokenizerError`; for IR `GraphError`, `FileError` and `ModelError.malformed`.
    init(anyOf folder: URL) throws {
        let ir = folder.appending(path: TokenizerIR.name)
        guard !Self.hasVocabulary(folder), FileManager.default.fileExists(atPath: ir.path) else {
            try self.init(folder: folder)
            return
        }
        let tokenizer = try TokenizerIR(path: ir.path)
        if FileManager.default.fileExists(atPath: folder.appending(path: "tokenizer_config.json").path) {
            try self.init(vocabulary: tokenizer.vocabulary, optionsFrom: folder)
        } else {
            try self.init(vocabulary: tokenizer.vocabulary, configuration: tokenizer.configuration)
        }
    }
}

extension WhisperTokenizer {
    /// Reads a tokenizer's folder in any form: tokenizer.json, vocab.json and merges.txt, or the IR of openvino_tokenizers.
    /// - Throws: `TokenizerError`; for IR `GraphError`, `FileError` and `ModelError.malformed`.
    init(anyOf folder: URL) throws {
        let ir = folder.appending(path: TokenizerIR.name)
        let hasVocabulary = ["tokenizer.json", "vocab.json"].contains {
            FileManager.default.fileExists(atPath: folder.appending(path: $0).path)
        }
        guard !hasVocabulary, FileManager.default.fileExists(atPath: ir.path) else {
            try self.init(folder: folder)
            return
        }
        let tokenizer = try TokenizerIR(path: ir.path)
        let added = tokenizer.configuration.addedTokens.mapValues(\.content)
        try self.init(vocabulary: tokenizer.vocabulary, addedTokens: added)
    }
}

/// The constants of a tokenizer in OpenVINO IR. The model itself is not run: its operations belong to an extension library.
///
/// It stores strings as three tensors: their starts, their ends, and the bytes of all strings.
/// https://github.com/openvinotoolkit/openvino_tokenizers
struct TokenizerIR {
    static let name = "openvino_tokenizer.xml"

    let vocabulary: BytePairVocabulary
    let configuration: CLIPTokenizerConfiguration

    /// - Throws: `FileError`, `GraphError`; `ModelError.malformed` for a tokenizer other than byte pair encoding.
    init(path: String) throws {
        let graph = try IRReader.read(path: path)
        guard let encoder = graph.nodes.first(where: { $0.type == "BPETokenizer" }) else {
            throw ModelError.malformed(file: path, reason: "it has no BPETokenizer; CLIP's tokenizers are of byte pairs")
        }
        let reader = IRStrings(graph: graph, path: path)
        // After the text's five inputs: vocabulary, merges (in halves, or as one "left right"), and added tokens with their ids.
        let inputs = encoder.inputs
        let tokens = try reader.strings(inputs, at: 5)
        let halves = inputs.count == 14 || inputs.count == 18
        guard halves || inputs.count == 11 || inputs.count == 15 else {
            throw ModelError.malformed(
                file: path, reason: "its BPETokenizer has \(inputs.count) inputs; 11, 14, 15 or 18 are known")
        }
        var merges: [(left: [UInt8], right: [UInt8])]
        if halves {
            let (left, right) = (try reader.strings(inputs, at: 8), try reader.strings(inputs, at: 11))
            guard left.count == right.count else {
                throw ModelError.malformed(
                    file: path, reason: "it has \(left.count) left halves of merges and \(right.count) right ones")
            }
            merges = zip(left, right).map { ($0, $1) }
        } else {
            merges = try reader.strings(inputs, at: 8).map { merge in
                let parts = merge.split(separator: UInt8(ascii: " "), maxSplits: 1)
                guard parts.count == 2 else {
                    throw ModelError.malformed(
                        file: path, reason: "its merge '\(String(decoding: merge, as: UTF8.self))' is not two tokens")
                }
                return (Array(parts[0]), Array(parts[1]))
            }
        }
        vocabulary = BytePairVocabulary(bytes: tokens, merges: merges, file: path)
        let added = inputs.count == 15 || inputs.count == 18 ? inputs.count - 4 : nil
        configuration = try Self.configuration(
            graph, reader, tokens: tokens, unknown: encoder[attribute: "unk_token"],
            added: added.map { (try reader.strings(inputs, at: $0), try reader.integers(inputs[$0 + 3])) })
    }

    private static func configuration(
        _ graph: Graph, _ reader: IRStrings, tokens: [[UInt8]], unknown: String?, added: (contents: [[UInt8]], ids: [Int])?
    ) throws -> CLIPTokenizerConfiguration {
        var configuration = CLIPTokenizerConfiguration()
        if let added {
            for (content, id) in zip(added.contents, added.ids) where !content.isEmpty {
                configuration.addedTokens[id] = AddedToken(String(decoding: content, as: UTF8.self))
            }
        }
        func token(_ role: String) -> AddedToken? {
            let id = graph.runtimeInfo?.child("\(role)_token_id")?["value"].flatMap { Int($0) }
            guard let id else { return nil }
            if let token = configuration.addedTokens[id] { return token }
            return tokens.indices.contains(id) ? AddedToken(String(decoding: tokens[id], as: UTF8.self)) : nil
        }
        if let bos = token("bos") { configuration.bosToken = bos }
        if let eos = token("eos") { configuration.eosToken = eos }
        configuration.padToken = token("pad") ?? configuration.eosToken
        configuration.unkToken = unknown.flatMap { $0.isEmpty ? nil : AddedToken($0) } ?? configuration.eosToken
        if let length = reader.truncatedLength { configuration.modelMaxLength = length + 2 }
        return configuration
    }
}

/// Reads constants of an IR by the inputs of other nodes.
private struct IRStrings {
    let graph: Graph
    let path: String

    private func constant(_ value: Value) throws -> Node {
        let node = graph.nodes[value.node]
        guard node.constant != nil else { throw ModelError.malformed(file: path, reason: "'\(node.name)' is not constant") }
        return node
    }

    func integers(_ value: Value) throws -> [Int] {
        let node = try constant(value)
        guard let data = node.constant, node.outputs[0].elementType == .i32, data.byteCount % 4 == 0 else {
            throw ModelError.malformed(file: path, reason: "'\(node.name)' is \(node.outputs[0].elementType), not i32")
        }
        return data.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: 4).map {
                Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: Int32.self)))
            }
        }
    }

    /// The strings in the inputs from `start` on.
    func strings(_ inputs: [Value], at start: Int) throws -> [[UInt8]] {
        guard start + 2 < inputs.count else {
            throw ModelError.malformed(file: path, reason: "its BPETokenizer has too few inputs")
        }
        let (begins, ends) = (try integers(inputs[start]), try integers(inputs[start + 1]))
        let node = try constant(inputs[start + 2])
        guard let data = node.constant, begins.count == ends.count,
            zip(begins, ends).allSatisfy({ 0 <= $0 && $0 <= $1 && $1 <= data.byteCount })
        else { throw ModelError.malformed(file: path, reason: "the strings in '\(node.name)' do not lie in it") }
        return data.withUnsafeBytes { bytes in zip(begins, ends).map { Array(bytes[$0..<$1]) } }
    }

    /// The number of tokens that a text is truncated to, without markers; nil where it is not truncated, or the number is not a
    /// constant.
    var truncatedLength: Int? {
        guard let node = graph.nodes.first(where: { $0.type == "Truncate" }) else { return nil }
        // The length follows the ragged tensors of three inputs each; a switch may turn truncation off.
        let count = node.integer("m_num_inputs") ?? 1
        guard count > 0, count < 16, node.inputs.count > 3 * count else { return nil }
        var value = node.inputs[3 * count]
        if graph.nodes[value.node].type == "Select", graph.nodes[value.node].inputs.count == 3 {
            value = graph.nodes[value.node].inputs[1]
        }
        guard let length = try? integers(value).first, (1...1_000_000).contains(length) else { return nil }
        return length
    }
}
