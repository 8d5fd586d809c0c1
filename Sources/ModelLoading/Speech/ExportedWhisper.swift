public import Foundation
public import ModelGraph

/// The decoder of a Whisper model as optimum-intel exports it to a folder of IR.
///
/// Inputs `input_ids` `[B, N]` and `encoder_hidden_states` `[B, positions, width]`, output `logits` `[B, N, vocabulary]`.
public struct ExportedWhisperDecoder: Sendable {
    public enum Networks: Sendable {
        /// Keys and values are outputs `present.L.decoder.key` …, and inputs `past_key_values.L.decoder.key` … of the next run:
        /// a network for prompts, and one for the tokens after them.
        case withPast(prompt: Graph, next: Graph)
        /// Keys and values are variables of one network; `beam_idx` `[B]` chooses their rows.
        case stateful(Graph)
    }

    public let networks: Networks

    /// Whether one row of keys and values of the sound may stand beside several of tokens: they are read by attention alone,
    /// which repeats them without memory. In other exports every beam needs its own.
    public var sharesSound: Bool {
        switch networks {
        case .withPast(_, let next):
            next.feedsAttentionAlone { $0.type == "Parameter" && $0.outputs[0].names.contains { $0.contains(".encoder.") } }
        // Keys and values of the text go through a choice of rows.
        case .stateful(let graph): graph.feedsAttentionAlone(besides: ["Gather"]) { $0.type == "ReadValue" }
        }
    }
}

extension ExportedWhisperDecoder {
    static let encoderName = "openvino_encoder_model.xml"
    private static let decoderName = "openvino_decoder_model.xml"
    private static let withPastName = "openvino_decoder_with_past_model.xml"

    /// Reads the decoder's IR in a folder.
    /// - Throws: `ModelError.malformed` where a network is missing or lacks an input or output; as `IRReader.read`.
    init(folder: URL) throws {
        let decoder = try Self.read(folder, Self.decoderName)
        if decoder.parameter(named: "beam_idx") != nil {
            networks = .stateful(decoder)
            return
        }
        guard FileManager.default.fileExists(atPath: folder.appending(path: Self.withPastName).path) else {
            throw ModelError.malformed(
                file: folder.appending(path: Self.decoderName).path,
                reason: "it keeps no keys and values, and there is no \(Self.withPastName); export the model with the task "
                    + "automatic-speech-recognition-with-past")
        }
        networks = .withPast(prompt: decoder, next: try Self.read(folder, Self.withPastName))
    }

    private static func read(_ folder: URL, _ name: String) throws -> Graph {
        try readNetwork(folder, name, inputs: ["input_ids"], output: "logits")
    }

    /// Reads a network and checks that it has the names that it is used by.
    static func readNetwork(_ folder: URL, _ name: String, inputs: [String], output: String) throws -> Graph {
        let path = folder.appending(path: name).path
        guard FileManager.default.fileExists(atPath: path) else {
            throw ModelError.malformed(
                file: folder.path, reason: "there is no \(name), which a Whisper model in OpenVINO's IR has")
        }
        let graph = try IRReader.read(path: path)
        for input in inputs where graph.parameter(named: input) == nil {
            throw ModelError.malformed(file: path, reason: "it has no input '\(input)'")
        }
        guard graph.hasResult(named: output) else {
            throw ModelError.malformed(file: path, reason: "it has no output '\(output)'")
        }
        return graph
    }
}

extension Graph {
    /// Whether what the chosen nodes give is read as keys and values of attention, besides by operations that don't compute.
    fileprivate func feedsAttentionAlone(besides others: Set<String> = [], _ isChosen: (Node) -> Bool) -> Bool {
        let chosen = Set(nodes.indices.filter { isChosen(nodes[$0]) })
        let allowed = others.union(["ScaledDotProductAttention", "Assign"])
        let readers = nodes.filter { node in node.inputs.contains { chosen.contains($0.node) } }
        return !chosen.isEmpty && readers.allSatisfy { allowed.contains($0.type) }
    }
}
