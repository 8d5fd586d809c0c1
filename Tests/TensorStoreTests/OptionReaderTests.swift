import TensorStore
import Testing

@Suite struct OptionReaderTests {
    private enum Mode: String, CaseIterable { case fast, slow }

    private func reader(
        _ text: String, overriding override: [String: JSONValue] = [:],
        rules: OptionReader<OptionError>.Rules = .init()
    ) throws -> OptionReader<OptionError> {
        OptionReader(try JSONValue(parsing: text.utf8), file: "a.json", overriding: override, rules: rules)
    }

    @Test func valuesByType() throws {
        let reader = try reader(
            #"{"i": 3, "n": 2.5, "f": true, "t": "a b", "c": "slow", "s": "quick", "is": [1, 2], "ns": [1, 0.5], "null": null}"#)
        #expect(try reader.integer("i") == 3)
        #expect(try reader.number("i") == 3)
        #expect(try reader.number("n", in: 0...3) == 2.5)
        #expect(try reader.flag("f", default: false))
        #expect(try reader.text("t") == "a b")
        #expect(try reader.choice("c", default: Mode.fast) == .slow)
        #expect(try reader.choice("s", default: Mode.slow, synonyms: ["quick": .fast]) == .fast)
        #expect(try reader.integers("is") == [1, 2])
        #expect(try reader.numbers("ns") == [1, 0.5])
        #expect(try reader.integer("null") == nil)
        #expect(try reader.integer("null", default: 7) == 7)
        #expect(try reader.integer("absent", default: 8) == 8)
        #expect(reader.isPresent("null") && !reader.isGiven("null"))
        #expect(try reader.required("i") { key throws(OptionError) in try reader.integer(key) } == 3)
        try reader.refuse("f", unless: true)
    }

    @Test func errorsNameFileAndKey() throws {
        let reader = try reader(#"{"i": 2.5, "large": 10, "c": "slwo", "f": 1, "list": [1, "a"], "t": " "}"#)
        func message(_ read: () throws -> Void) -> String {
            do {
                try read()
                return ""
            } catch {
                return "\(error)"
            }
        }
        #expect(message { _ = try reader.integer("i") } == "a.json: i must be a whole number; it is 2.5.")
        #expect(
            message { _ = try reader.integer("large", in: 1...9) }
                == "a.json: large must be a whole number from 1 to 9; it is 10.")
        #expect(
            message { _ = try reader.choice("c", default: Mode.fast) } == "a.json: c must be one of fast, slow; it is \"slwo\".")
        #expect(message { _ = try reader.flag("f") } == "a.json: f must be true or false; it is 1.")
        #expect(message { _ = try reader.integers("list") } == "a.json: list must be a list of whole numbers; it is [1, \"a\"].")
        #expect(message { _ = try reader.text("t") } == "a.json: t must be text that is not empty; it is \" \".")
        #expect(message { _ = try reader.required("x") { _ in nil as Int? } } == "a.json: x is missing.")
        #expect(message { try reader.refuse("f", unless: false) } == "a.json: f is 1, which is not supported; false is.")
    }

    @Test func rulesAndOverrides() throws {
        let strict = try reader(
            #"{"null": null, "i": 0, "x": 1}"#, overriding: ["x": 2.5], rules: .init(refusesNull: true, integers: 1...9))
        #expect(throws: OptionError("null", .value(expected: "true or false", found: .null), file: "a.json")) {
            try strict.flag("null", default: true)
        }
        #expect(throws: OptionError("i", .value(expected: "a whole number from 1 to 9", found: 0), file: "a.json")) {
            try strict.integer("i", default: 3)
        }
        // Options set in code are not the file's.
        #expect(throws: OptionError("x", .value(expected: "a whole number from 1 to 9", found: 2.5), file: nil)) {
            try strict.integer("x")
        }
    }

    @Test func unknownKeysAreRefused() throws {
        let reader = try reader(#"{"steps": 3, "guidance-scale": 2}"#)
        _ = try (reader.integer("steps"), reader.number("guidance_scale"))
        let error = #expect(throws: OptionError.self) { try reader.refuseUnknownKeys() }
        #expect(error?.description == "a.json: guidance-scale is not an option; did you mean guidance_scale?")
        #expect(error?.reason == .unknown(near: ["guidance_scale"], known: ["guidance_scale", "steps"]))
    }

    @Test func nearestWords() {
        let names = ["MatMul", "Convolution", "product", "guidance_scale"]
        #expect(nearest(to: "Matmul", among: names) == ["MatMul"])
        #expect(nearest(to: "prodct", among: names) == ["product"])
        #expect(nearest(to: "Guidance-Scale", among: names) == ["guidance_scale"])
        // Those that begin with the word go before those of its spelling.
        let options = ["seed", "eta", "negative_target_size", "negative_prompt"]
        #expect(nearest(to: "neg", among: options) == ["negative_prompt", "negative_target_size"])
        #expect(nearest(to: "n", among: options).isEmpty)
        #expect(nearest(to: "zzzz", among: names).isEmpty)
        #expect(nearest(to: "", among: []).isEmpty)
        #expect(nearest(to: String(repeating: "a", count: 10_000), among: names).isEmpty)
        #expect(nearest(to: "ab", among: ["ad", "ac", "ae", "ab"]) == ["ab", "ac", "ad"])
    }
}
