public import Foundation
import TensorStore

/// A Whisper model for English with one layer, 16 channels and random weights, in transformers' layout: it says nonsense, the same each
/// time.
public enum SmallWhisper {
    private static let (width, inner, bins, positions, text) = (16, 32, 80, 1500, 448)
    /// The size of the vocabulary of the tokenizer's goldens, with 1,501 timestamps.
    private static let vocabulary = 668 + 1501

    /// Writes the model's files into a folder that exists.
    public static func write(to folder: URL, seed: UInt64 = 1) throws {
        let config: [String: Any] = [
            "architectures": ["WhisperForConditionalGeneration"], "model_type": "whisper", "d_model": width,
            "vocab_size": vocabulary, "num_mel_bins": bins, "encoder_layers": 1, "encoder_attention_heads": 2,
            "encoder_ffn_dim": inner, "decoder_layers": 1, "decoder_attention_heads": 2, "decoder_ffn_dim": inner,
            "max_source_positions": positions, "max_target_positions": text,
        ]
        try JSONSerialization.data(withJSONObject: config).write(to: folder.appending(path: "config.json"))
        for name in ["vocab.json", "merges.txt", "added_tokens.json"] {
            try FileManager.default.copyItem(
                at: Goldens.url("Tokenizers/whisper/english/\(name)"), to: folder.appending(path: name))
        }
        var writer = SafetensorsWriter()
        var state = seed
        for (name, shape) in shapes {
            let elements = (0..<shape.reduce(1, *)).map { _ -> Float in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Float(state >> 40) / Float(1 << 24) * 0.6 - 0.3
            }
            try writer.add("model.\(name)", Tensor(elements, shape: Shape(shape)))
        }
        try writer.write(to: folder.appending(path: "model.safetensors").path)
    }

    private static var shapes: [(String, [Int])] {
        func linear(_ name: String, _ outputs: Int, _ inputs: Int) -> [(String, [Int])] {
            [("\(name).weight", [outputs, inputs]), ("\(name).bias", [outputs])]
        }
        func norm(_ name: String) -> [(String, [Int])] { ["weight", "bias"].map { ("\(name).\($0)", [width]) } }
        func attention(_ name: String) -> [(String, [Int])] {
            ["q_proj", "k_proj", "v_proj", "out_proj"].flatMap { part in
                linear("\(name).\(part)", width, width).prefix(part == "k_proj" ? 1 : 2)
            } + norm("\(name)_layer_norm")
        }
        func half(_ name: String, _ attentions: [String]) -> [(String, [Int])] {
            let layer = "\(name).layers.0"
            return attentions.flatMap { attention("\(layer).\($0)") } + linear("\(layer).fc1", inner, width)
                + linear("\(layer).fc2", width, inner) + norm("\(layer).final_layer_norm") + norm("\(name).layer_norm")
        }
        let sound: [(String, [Int])] = [
            ("encoder.conv1.weight", [width, bins, 3]), ("encoder.conv1.bias", [width]),
            ("encoder.conv2.weight", [width, width, 3]), ("encoder.conv2.bias", [width]),
            ("encoder.embed_positions.weight", [positions, width]),
        ]
        let words: [(String, [Int])] = [
            ("decoder.embed_tokens.weight", [vocabulary, width]), ("decoder.embed_positions.weight", [text, width]),
        ]
        return sound + half("encoder", ["self_attn"]) + words + half("decoder", ["self_attn", "encoder_attn"])
    }
}

/// Sounds as files.
public enum TestSound {
    /// A WAV file of 16 bits, mono, 16 kHz.
    public static func wav(_ samples: [Int16]) -> [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 255) } }
        let size = 2 * samples.count
        let header = Array("RIFF".utf8) + number(36 + size, 4) + Array("WAVEfmt ".utf8) + number(16, 4) + number(1, 2)
        let format = number(1, 2) + number(16000, 4) + number(32000, 4) + number(2, 2) + number(16, 2)
        return header + format + Array("data".utf8) + number(size, 4) + raw(samples)
    }

    /// Bytes of 16 bits, the lower one first.
    public static func raw(_ samples: [Int16]) -> [UInt8] {
        samples.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }

    /// A sound that is not silent, the same each time.
    public static func noise(seconds: Int) -> [Int16] {
        var state: UInt64 = 7
        return (0..<16_000 * seconds).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int16(truncatingIfNeeded: Int(state >> 50) - 8192)
        }
    }
}
