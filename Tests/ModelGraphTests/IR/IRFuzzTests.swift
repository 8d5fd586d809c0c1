import Foundation
@testable import ModelGraph
import TensorStore
import TestSupport
import Testing

/// Changed IR texts are read or refused, never trap and never hang; what was read can be written.
@Suite struct IRFuzzTests {
    /// xorshift64*: the same mutations at every run.
    private struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            return state &* 2_685_821_657_736_338_717
        }
    }

    private static let words = [
        "", "-1", "0", "1", "2", "7", "255", "9223372036854775807", "-9223372036854775808", "18446744073709551616", "1e9", "?",
        "...",
        "1..", "..4", "3..1", "1,2,3", ",", "FP32", "I64", "U4", "STRING", "f32", "u1", "string", "dynamic", "Parameter",
        "Result", "Const",
        "Constant", "Assign", "ReadValue", "opset99", "x", "\\", "a\\,b,c", "&lt;", "&#0;", "&#1;",
    ]

    private static func mutate(_ seed: [UInt8], _ random: inout Random) -> [UInt8] {
        var text = seed
        for _ in 0..<Int.random(in: 1...2, using: &random) {
            let place = Int.random(in: 0..<text.count, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: text[place] = UInt8.random(in: 0...255, using: &random)
            case 1: text[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: text.removeSubrange(place..<min(text.count, place + Int.random(in: 1...80, using: &random)))
            case 3:
                let part = text[place..<min(text.count, place + Int.random(in: 1...200, using: &random))]
                text.insert(contentsOf: Array(part), at: Int.random(in: 0...text.count, using: &random))
            case 4: text = Array(text[..<max(1, place)])
            default:
                // The value of an attribute: what a mutation must change to get past the XML.
                guard let open = text[place...].firstIndex(of: UInt8(ascii: "\"")),
                    let close = text[(open + 1)...].firstIndex(of: UInt8(ascii: "\""))
                else { continue }
                text.replaceSubrange(open + 1..<close, with: Array((words.randomElement(using: &random) ?? "").utf8))
            }
            if text.isEmpty { return [0x3C] }
        }
        return text
    }

    @Test(arguments: ["state", "names", "if", "mlp-f16"]) func mutationsNeverTrap(_ name: String) throws {
        let seed = Array(try Data(contentsOf: Goldens.url("ModelGraph/\(name).xml")).filter { $0 != UInt8(ascii: "\t") })
        let weights = try MappedFile(path: Goldens.url("ModelGraph/\(name).bin").path)
        var random = Random(state: 0x9E37_79B9_7F4A_7C15)
        var (taken, refused) = (0, 0)
        for _ in 0..<6_000 {
            let text = Self.mutate(seed, &random)
            do throws(GraphError) {
                let result = text.withUnsafeBytes { text in
                    Result { () throws(GraphError) in try IRReader.read(text, file: "fuzz", weights: weights) }
                }
                let graph = try result.get()
                taken += 1
                _ = try IRWriter.text(of: graph) { constant in
                    constant.withUnsafeBytes { bytes in bytes.reduce(into: 0) { $0 &+= Int($1) } }
                }
                _ = try? graph.stages([["x"], []])
            } catch {
                refused += 1
            }
        }
        // Both happen, or the mutations are none.
        #expect(taken > 300)
        #expect(refused > 1_000)
    }
}
