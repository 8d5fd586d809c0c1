import Architectures
import Inference
import ModelGraph
import ModelLoading
import TensorStore

/// Networks in OpenVINO's IR, as optimum-intel exports them.
struct ExportedNetworks: WhisperNetworks {
    let takesAllSizes = false
    private let encoder: Executable
    private let decoder: any ExportedDecoder
    private let vocabulary: Int
    private let sharesSound: Bool

    init(_ model: SpeechModel, _ exported: ExportedWhisperDecoder, _ options: CompileOptions = CompileOptions()) throws {
        let encoder = try model.encoder.encoder()
        switch exported.networks {
        case .withPast(let prompt, let next):
            let compiled = try Executable.compile(
                [
                    (name: "decoder_with_past", graph: SizedGraph(next)), (name: "decoder", graph: SizedGraph(prompt)),
                    (name: "encoder", graph: encoder),
                ], options)
            decoder = PastDecoder(prompt: compiled[1], next: compiled[0])
            self.encoder = compiled[2]
        case .stateful(let graph):
            let compiled = try Executable.compile(
                [(name: "decoder", graph: SizedGraph(graph)), (name: "encoder", graph: encoder)], options)
            decoder = StatefulDecoder(compiled[0])
            self.encoder = compiled[1]
        }
        vocabulary = model.encoder.architecture.config.vocabSize
        sharesSound = exported.sharesSound
    }

    func encode(_ features: Tensor) async throws -> [String: Tensor] { try await encoder.run(["input_features": features]) }

    /// - Precondition: there is one window.
    func tokens(over sound: [String: Tensor], windows: Int) throws -> any TokenSource {
        precondition(windows == 1, "exported networks take a window at a time")
        let states = try sound.required("last_hidden_state", of: encoder.name)
        return tokens(over: states, sharesSound: sharesSound)
    }

    func tokens(over states: Tensor, sharesSound: Bool, vocabulary: Int? = nil) -> ExportedTokenSource {
        ExportedTokenSource(decoder, sound: states, vocabulary: vocabulary ?? self.vocabulary, sharesSound: sharesSound)
    }
}

/// A decoder with a row for each text.
protocol ExportedDecoder {
    /// Runs a prompt.
    /// - Parameters:
    ///   - ids: `[rows, N]`.
    ///   - sound: the encoder's states, `[rows, positions, width]`.
    /// - Returns: the network's outputs.
    func begin(_ ids: Tensor, sound: Tensor) async throws -> [String: Tensor]

    /// Runs a token for each text.
    /// - Parameters:
    ///   - ids: `[texts, 1]`.
    ///   - parents: the row before that each text continues.
    ///   - position: the number of tokens before.
    func next(_ ids: Tensor, parents: [Int], position: Int) async throws -> [String: Tensor]
}

/// A decoder whose keys and values are tensors: the outputs of one run are the inputs of the next, without a copy where texts
/// keep their rows.
final class PastDecoder: ExportedDecoder {
    private let prompt: Executable
    private let following: Executable
    /// Keys and values of the text by the names of the next run's inputs.
    private var past: [String: Tensor] = [:]

    init(prompt: Executable, next: Executable) {
        self.prompt = prompt
        following = next
    }

    func begin(_ ids: Tensor, sound: Tensor) async throws -> [String: Tensor] {
        let outputs = try await prompt.run([
            "input_ids": ids, "encoder_hidden_states": sound, "cache_position": positions(0..<ids.shape[1]),
        ])
        try following.set(Self.past(outputs, of: ".encoder."))
        try following.set(["encoder_hidden_states": sound])
        past = Self.past(outputs, of: ".decoder.")
        return outputs
    }

    func next(_ ids: Tensor, parents: [Int], position: Int) async throws -> [String: Tensor] {
        var inputs = past
        for (name, tensor) in past where parents != Array(0..<(tensor.shape.first ?? 0)) {
            inputs[name] = try tensor.rows(parents)
        }
        inputs["input_ids"] = ids
        inputs["cache_position"] = try positions(position..<position + 1)
        let outputs = try await following.run(inputs)
        past = Self.past(outputs, of: ".decoder.")
        return outputs
    }

    private static func past(_ outputs: [String: Tensor], of half: String) -> [String: Tensor] {
        var past: [String: Tensor] = [:]
        for (name, tensor) in outputs where name.hasPrefix("present.") && name.contains(half) {
            past["past_key_values." + name.dropFirst("present.".count)] = tensor
        }
        return past
    }
}

/// A decoder whose keys and values are variables in the runtime.
final class StatefulDecoder: ExportedDecoder {
    private let decoder: Executable

    init(_ decoder: Executable) { self.decoder = decoder }

    func begin(_ ids: Tensor, sound: Tensor) async throws -> [String: Tensor] {
        try decoder.resetState()
        try decoder.set(["encoder_hidden_states": sound])
        return try await run(ids, parents: Array(0..<ids.shape[0]), position: 0)
    }

    func next(_ ids: Tensor, parents: [Int], position: Int) async throws -> [String: Tensor] {
        try await run(ids, parents: parents, position: position)
    }

    private func run(_ ids: Tensor, parents: [Int], position: Int) async throws -> [String: Tensor] {
        try await decoder.run([
            "input_ids": ids, "beam_idx": Tensor(parents.map(Int32.init), shape: [parents.count]),
            "cache_position": positions(position..<position + ids.shape[1]),
        ])
    }
}

/// Positions of a run's tokens, `[N]`: an input of exports by older versions.
private func positions(_ range: Range<Int>) throws(TensorError) -> Tensor {
    try Tensor(range.map(Int64.init), shape: [range.count])
}
