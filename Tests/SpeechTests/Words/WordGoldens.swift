import Foundation
import TensorStore
import TestSupport
import Testing

@testable import Speech

/// What openai-whisper and faster-whisper make of words: `Tests/Goldens/Speech/words/make.py`.
enum WordGoldens {
    static func cases(_ name: String) throws -> [JSONValue] {
        try #require(try JSONValue(parsing: Data(contentsOf: Goldens.url("Speech/words/\(name).json"))).array)
    }

    /// A number from −8 to 8 that the script makes in the same way.
    static func number(_ group: Int, _ index: Int) -> Float {
        Float((index * index * 31 + index * 7919 + group * 104_729) % 1009) / 64 - 8
    }

    /// `[text, start, end, probability]`.
    static func word(_ value: JSONValue) throws -> Word {
        Word(
            start: try #require(value[1]?.double), end: try #require(value[2]?.double), text: try #require(value[0]?.string),
            probability: value[3]?.double ?? 0)
    }

    static func words(_ value: JSONValue?) throws -> [Word] { try #require(value?.array).map(word) }
}

/// Expects equal texts, and times and probabilities within a millionth.
func expectEqual(_ found: [Word], _ expected: [Word], _ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(
        found.count == expected.count
            && zip(found, expected).allSatisfy {
                $0.text.utf8.elementsEqual($1.text.utf8) && abs($0.start - $1.start) < 1e-6 && abs($0.end - $1.end) < 1e-6
                    && abs($0.probability - $1.probability) < 1e-6
            }, "\(comment): \(found), expected \(expected)", sourceLocation: sourceLocation)
}

extension JSONValue {
    subscript(index: Int) -> JSONValue? { array.flatMap { $0.indices.contains(index) ? $0[index] : nil } }
}
