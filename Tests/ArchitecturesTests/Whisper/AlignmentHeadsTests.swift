@testable import Architectures
import TensorStore
import Testing

@Suite struct AlignmentHeadsTests {
    private func heads(_ json: String, layers: Int = 3) throws -> [[Int]] {
        let config = ConfigReader(
            .members([
                ("d_model", 8), ("decoder_layers", .integer(layers)), ("decoder_attention_heads", 2),
                ("encoder_attention_heads", 2),
            ]),
            className: "WhisperForConditionalGeneration", file: "config.json")
        let model = WhisperModel(try WhisperConfig(config))
        return try model.alignmentHeads(JSONValue(parsing: json.utf8), file: "generation_config.json").map {
            [$0.layer, $0.head]
        }
    }

    @Test func areTheConfigs() throws {
        #expect(try heads(#"{"alignment_heads": [[1, 0], [2, 1]], "max_length": 448}"#) == [[1, 0], [2, 1]])
    }

    /// OpenAI's choice: all heads of the last half.
    @Test func withoutAny() throws {
        #expect(try heads("{}") == [[1, 0], [1, 1], [2, 0], [2, 1]])
        #expect(try heads(#"{"alignment_heads": null}"#, layers: 1) == [[0, 0], [0, 1]])
    }

    @Test(arguments: [
        "[]", "7", "[[3, 0]]", "[[0, 2]]", "[[-1, 0]]", "[[0]]", "[[0, 0, 0]]", "[[0, 0.5]]", "[0, 1]", #"[["0", 0]]"#,
        "[[0,0],[0,0],[0,0],[0,0],[0,0],[0,0],[0,0]]",
    ]) func othersAreRefused(_ list: String) throws {
        #expect {
            try heads(#"{"alignment_heads": \#(list)}"#)
        } throws: { error in
            "\(error)".contains("generation_config.json") && "\(error)".contains("alignment_heads")
        }
    }
}
