import Foundation
import Testing

@testable import TensorStore

@Suite struct SafetensorsHeaderTests {
    /// A file as bytes, and the tensors that the reference reads from it; nil where it refuses.
    struct Verdict: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let tensors: [String: (type: String, shape: [Int])]?
        var testDescription: String { name }
    }

    /// Where we are stricter than the reference (see `SafetensorsHeader`).
    static let stricter: Set = [
        "the same key twice", "a key twice in metadata", "fields as a list", "axis of 2^64-1", "composed and decomposed",
        "F6_E2M3", "C64", "F8_E4M3FNUZ", "zero, then overflow",
    ]

    /// `Tests/Goldens/TensorStore/make.py`, safetensors 0.8.0.
    static let verdicts: [Verdict] = {
        guard let json = try? JSONValue(parsing: content("headers.json".golden)), let cases = json.array else { return [] }
        return cases.compactMap { value in
            guard let name = value["case"]?.string, let hex = value["bytes"]?.string else { return nil }
            let tensors = value["tensors"]?.object.map { members in
                // The two names of "composed and decomposed" are one in Swift.
                Dictionary(
                    members.map {
                        ($0.key, ($0.value.array?[0].string ?? "", $0.value.array?[1].array?.compactMap(\.int) ?? []))
                    },
                    uniquingKeysWith: { first, _ in first })
            }
            return Verdict(name: name, bytes: hex.hexBytes, tensors: tensors)
        }
    }()

    @Test func hasVerdicts() {
        #expect(Self.verdicts.count >= 80)
        #expect(Self.stricter.isSubset(of: Self.verdicts.map(\.name)))
    }

    @Test(arguments: verdicts) func takesAndRefusesWhatTheReferenceDoes(_ verdict: Verdict) throws {
        do {
            let header = try parse(verdict.bytes)
            let tensors = try #require(verdict.tensors, "\(verdict.name) should be refused")
            #expect(!Self.stricter.contains(verdict.name))
            #expect(header.tensors.count == tensors.count)
            for tensor in header.tensors {
                #expect(tensors[tensor.name]?.type == tensor.elementType.safetensorsName?.name)
                #expect(tensors[tensor.name]?.shape == tensor.shape.dimensions)
            }
        } catch let error as SafetensorsHeaderError {
            #expect(verdict.tensors == nil || Self.stricter.contains(verdict.name), "\(verdict.name): \(error)")
            #expect("\(error)".hasSuffix("."))
        }
    }

    @Test(
        arguments: [
            ("no bytes", .noLength(fileByteCount: 0)),
            ("length 2^64-1", .tooLong(.max, limit: 100_000_000)),
            ("length 100000000", .truncated(byteCount: 100_000_000, found: 2)),
            ("NUL after", .json(JSONError(reason: .trailingBytes, offset: 54))),
            ("header a list", .malformed(tensor: nil, expected: "an object", found: "an array")),
            ("shape 1.0", .malformed(tensor: "a", expected: "'shape', whole numbers from 0 on", found: "1.0")),
            ("no offsets", .malformed(tensor: "a", expected: "'data_offsets', whole numbers from 0 on", found: "none")),
            ("three offsets", .malformed(tensor: "a", expected: "two 'data_offsets'", found: "3")),
            ("metadata with a number", .malformed(tensor: "__metadata__", expected: "strings only", found: "1")),
            ("composed and decomposed", .sameName("\u{e9}")),
            ("dtype unknown", .unknownElementType(tensor: "a", "F33")),
            ("C64", .unknownElementType(tensor: "a", "C64")),
            ("overflow, then zero", .tooLarge(tensor: "a", .f32, [.max, .max, 0])),
            ("bits overflow", .tooLarge(tensor: "a", .f32, [1 << 62])),
            ("half a byte", .partialByte(tensor: "a", .f4e2m1, [1])),
            ("size too small", .size(tensor: "a", .f32, [1], expected: 4, found: 8)),
            ("offsets reversed", .reversed(tensor: "a", begin: 4, end: 0)),
            ("hole before", .hole(before: "a", expected: 0, found: 4)),
            ("hole between", .hole(before: "b", expected: 4, found: 8)),
            ("overlap", .overlap(tensor: "b", expected: 4, found: 2)),
            ("offsets huge", .outOfRange(tensor: "a", end: .max, dataByteCount: 4)),
            ("data cut off", .outOfRange(tensor: "a", end: 4, dataByteCount: 3)),
            ("bytes after", .trailingBytes(1)),
        ] as [(String, SafetensorsHeaderError)])
    func namesWhatIsWrong(_ name: String, _ expected: SafetensorsHeaderError) throws {
        let verdict = try #require(Self.verdicts.first { $0.name == name })
        #expect(throws: expected) { try parse(verdict.bytes) }
    }

    @Test func readsMetadata() throws {
        let verdict = try #require(Self.verdicts.first { $0.name == "metadata" })
        #expect(try parse(verdict.bytes).metadata == ["x": "y"])
    }

    private func parse(_ bytes: [UInt8]) throws -> SafetensorsHeader {
        try bytes.withUnsafeBytes { try SafetensorsHeader(parsing: $0, fileByteCount: $0.count) }
    }
}

extension String {
    fileprivate var hexBytes: [UInt8] {
        let digits = utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue.map(UInt8.init) }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
