import Foundation
import TensorStore
import Testing

@Suite struct JSONValueTests {
    @Test func readsEveryKindOfValue() throws {
        let json = try JSONValue(
            parsing: Array(#" {"a": null, "b": [true, false], "c": -12, "d": 1.5e2, "e": "x", "f": {}, "g": []} "#.utf8))
        #expect(json["a"]?.isNull == true)
        #expect(json["b"]?.array == [true, false])
        #expect(json["c"]?.int == -12)
        #expect(json["c"]?.double == -12)
        #expect(json["d"] == 150.0)
        #expect(json["d"]?.int == nil)
        #expect(json["e"] == "x")
        #expect(json["f"]?.object?.isEmpty == true)
        #expect(json["g"]?.array?.isEmpty == true)
        #expect(json["none"] == nil)
        #expect(json.object?.keys == ["a", "b", "c", "d", "e", "f", "g"])
        #expect("\(json)" == #"{"a": null, "b": [true, false], "c": -12, "d": 150.0, "e": "x", "f": {}, "g": []}"#)
        #expect(try JSONValue(parsing: Data("1".utf8)) == 1)
    }

    @Test func tellsWholeNumbersFromOthers() throws {
        #expect(try parse("9223372036854775807") == .integer(.max))
        #expect(try parse("-9223372036854775808") == .integer(.min))
        #expect(try parse("9223372036854775808") == .double(9_223_372_036_854_775_808))
        // A tokenizer's "no limit".
        #expect(try parse("1000000000000000019884624838656") == .double(1e30))
        #expect(try parse("1e3") == .double(1000))
        #expect(try parse("-0") == .double(0))
        #expect(try parse("1e-999") == .double(0))
    }

    @Test func readsStrings() throws {
        #expect(try parse(#""\"\\\/\b\f\n\r\té\u00e9\ud83e\udd84""#).string == "\"\\/\u{8}\u{C}\n\r\téé🦄")
        #expect(try parse(#""\u0000""#).string == "\0")
        #expect(try parse("\"\u{7F}\"").string == "\u{7F}")
        #expect("\(try parse(#""\u001f\"\\\u0008""#))" == #""\u001f\"\\\b""#)
    }

    @Test func keysDifferByTheirBytes() throws {
        let json = try parse("{\"\u{e9}\": 1, \"e\u{301}\": 2}")
        #expect(json["\u{e9}"] == 1)
        #expect(json["e\u{301}"] == 2)
        let many = try parse("{" + (0..<100).map { "\"k\($0)\": \($0)" }.joined(separator: ",") + "}")
        for index in 0..<100 { #expect(many["k\(index)"] == .integer(index)) }
        #expect(many["k100"] == nil)
    }

    @Test(
        arguments: [
            ("", .unexpectedEnd, 0), ("  ", .unexpectedEnd, 2), ("[1, 2", .unexpectedEnd, 5), (#"{"a""#, .unexpectedEnd, 4),
            ("\"abc", .unexpectedEnd, 4), ("tru", .unexpectedEnd, 3),
            ("[1 2]", .unexpectedByte(UInt8(ascii: "2"), expected: "',' or ']'"), 3),
            ("[1,]", .unexpectedByte(UInt8(ascii: "]"), expected: "a value"), 3),
            (#"{"a":1,}"#, .unexpectedByte(UInt8(ascii: "}"), expected: "a key in quotes"), 7),
            (#"{"a" 1}"#, .unexpectedByte(UInt8(ascii: "1"), expected: "':'"), 5),
            (#"{"a":1 "b":2}"#, .unexpectedByte(UInt8(ascii: "\""), expected: "',' or '}'"), 7),
            ("nul1", .unexpectedByte(UInt8(ascii: "1"), expected: "'null'"), 3),
            ("NaN", .unexpectedByte(UInt8(ascii: "N"), expected: "a value"), 0),
            ("'a'", .unexpectedByte(UInt8(ascii: "'"), expected: "a value"), 0),
            ("\u{FEFF}1", .unexpectedByte(0xEF, expected: "a value"), 0),
            (#"{"a":1,"b":2,"a":3}"#, .duplicateKey("a"), 13), (#"{"a":1,"\u0061":3}"#, .duplicateKey("a"), 7),
            ("01", .invalidNumber, 0), ("-", .invalidNumber, 0), ("1.", .invalidNumber, 0),
            ("[.5]", .unexpectedByte(46, expected: "a value"), 1),
            ("1e", .invalidNumber, 0), ("1e+", .invalidNumber, 0), ("+1", .unexpectedByte(43, expected: "a value"), 0),
            ("1e999", .numberOutOfRange, 0),
            ("\"a\u{1}\"", .controlCharacter(1), 2), (#""\x""#, .invalidEscape, 1), (#""\u12g4""#, .invalidEscape, 1),
            (#""\ud800""#, .invalidEscape, 1), (#""\ud800\u0041""#, .invalidEscape, 1), (#""a\udc00""#, .invalidEscape, 2),
            ("1 1", .trailingBytes, 2), ("{}\0", .trailingBytes, 2),
        ] as [(String, JSONError.Reason, Int)])
    func refuses(_ text: String, _ reason: JSONError.Reason, at offset: Int) throws {
        let error = #expect(throws: JSONError.self) { try parse(text) }
        #expect(error?.reason == reason)
        #expect(error?.offset == offset)
    }

    @Test func refusesWhatIsNotUTF8() throws {
        for bytes: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82]] {
            let error = #expect(throws: JSONError.self) { try JSONValue(parsing: [0x20, 0x22] + bytes + [0x22]) }
            #expect(error?.reason == .invalidUTF8)
            #expect(error?.offset == 1)
            let escaped = #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0x5C, 0x6E] + bytes + [0x22]) }
            #expect(escaped?.reason == .invalidUTF8)
        }
    }

    @Test func limitsNesting() throws {
        let deep = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        _ = try parse(deep)
        let error = #expect(throws: JSONError.self) { try parse("[\(deep)]") }
        #expect(error?.reason == .tooDeep(limit: 128))
        #expect(throws: JSONError.self) { try parse(String(repeating: #"{"a":"#, count: 1_000_000)) }
    }

    @Test func objectsAreEqualInAnyOrder() throws {
        #expect(try parse(#"{"a":1,"b":2}"#) == parse(#"{"b":2,"a":1}"#))
        #expect(try parse(#"{"a":1,"b":2}"#) != parse(#"{"a":1}"#))
        #expect(try parse(#"{"a":1}"#) != parse(#"{"a":2}"#))
    }

    private func parse(_ text: String) throws -> JSONValue { try JSONValue(parsing: text.utf8) }
}
