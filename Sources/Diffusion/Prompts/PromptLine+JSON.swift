import TensorStore

extension PromptLine {
    /// Reads a line of JSON Lines: an object with `prompt` and any of the other `keys`; null is as good as not there.
    /// - Parameter errors: gets all that is wrong; what is returned is of use only where nothing was.
    init(number: Int, json: JSONObject, errors: inout [PromptLineError]) {
        self.init(number: number, prompt: "")
        var reader = PromptLineReader(number: number, json: json)
        prompt = reader.text(.prompt) ?? ""
        negativePrompt = reader.text(.negativePrompt, mayBeEmpty: true)
        seed = reader.integer(.seed, in: 0...Int.max).map(UInt64.init)
        steps = reader.integer(.steps, in: 1...1 << 20)
        guidanceScale = reader.number(.guidanceScale)
        width = reader.integer(.width, in: 1...GenerationError.longestSide)
        height = reader.integer(.height, in: 1...GenerationError.longestSide)
        strength = reader.number(.strength, in: 0...1)
        image = reader.text(.image)
        mask = reader.text(.mask)
        count = reader.integer(.count, in: 1...1 << 20)
        output = reader.text(.output)
        scheduler = reader.text(.scheduler)
        lora = reader.texts(.lora)
        clipSkip = reader.integer(.clipSkip, in: 0...1024)
        if json[CodingKeys.prompt.rawValue]?.isNull ?? true { reader.add(.noPrompt) }
        reader.refuseUnknownKeys()
        errors += reader.errors
    }
}

/// Takes values out of a line's object, and notes what is wrong with them.
private struct PromptLineReader {
    let number: Int
    let json: JSONObject
    private(set) var errors: [PromptLineError] = []

    init(number: Int, json: JSONObject) {
        self.number = number
        self.json = json
    }

    mutating func add(_ reason: PromptLineError.Reason) { errors.append(PromptLineError(line: number, reason: reason)) }

    mutating func text(_ key: PromptLine.CodingKeys, mayBeEmpty: Bool = false) -> String? {
        value(key, mayBeEmpty ? "text" : "text that is not empty") { value in
            value.string.flatMap { mayBeEmpty || $0.contains { !$0.isWhitespace } ? $0 : nil }
        }
    }

    /// One text, or an array of them.
    mutating func texts(_ key: PromptLine.CodingKeys) -> [String]? {
        value(key, "text, or an array of texts") { value in
            let texts = (value.array ?? [value]).map(\.string)
            return texts.allSatisfy { $0?.isEmpty == false } ? texts.compactMap(\.self) : nil
        }
    }

    mutating func integer(_ key: PromptLine.CodingKeys, in range: ClosedRange<Int>) -> Int? {
        value(key, "a whole number from \(range.lowerBound) to \(range.upperBound)") { value in
            value.int.flatMap { range.contains($0) ? $0 : nil }
        }
    }

    mutating func number(_ key: PromptLine.CodingKeys, in range: ClosedRange<Double>? = nil) -> Double? {
        value(key, range.map { "a number from \($0.lowerBound) to \($0.upperBound)" } ?? "a number") { value in
            value.double.flatMap { range?.contains($0) ?? true ? $0 : nil }
        }
    }

    private mutating func value<Value>(
        _ key: PromptLine.CodingKeys, _ expected: String, _ read: (JSONValue) -> Value?
    ) -> Value? {
        guard let value = json[key.rawValue], !value.isNull else { return nil }
        if let result = read(value) { return result }
        add(.value(key: key.rawValue, expected: expected, found: Self.shown(value)))
        return nil
    }

    /// A value in a message: never a long one.
    private static func shown(_ value: JSONValue) -> String {
        switch value {
        case .array: "an array"
        case .object: "an object"
        case .string(let text) where text.count > 40: "'\(text.prefix(40))…'"
        case .string(let text): "'\(text)'"
        default: "\(value)"
        }
    }

    mutating func refuseUnknownKeys() {
        for (key, _) in json where !PromptLine.keys.contains(key) {
            add(.unknownKey(String(key.prefix(40)), near: Self.near(key)))
        }
    }

    /// Up to three keys that are spelled alike, or the one that says what other programs call so.
    private static func near(_ key: String) -> [String] {
        if let same = otherNames[key.lowercased()] { return [same] }
        guard key.count <= 40 else { return [] }
        let word = Array(key.lowercased().map { $0 == "-" ? "_" : $0 })
        // A letter replaced is one taken out and one put in.
        let distances = PromptLine.keys.map { ($0, word.difference(from: Array($0)).count) }
        return distances.filter { $1 <= max(2, word.count / 3) }.sorted { $0.1 < $1.1 }.prefix(3).map(\.0)
    }

    private static let otherNames = [
        "text": "prompt", "negative": "negative_prompt", "num_inference_steps": "steps", "cfg": "guidance_scale",
        "cfg_scale": "guidance_scale", "guidance": "guidance_scale", "denoising_strength": "strength", "init_image": "image",
        "mask_image": "mask", "n": "count", "num_images": "count", "num_images_per_prompt": "count", "sampler": "scheduler",
        "file": "output", "filename": "output", "loras": "lora",
    ]
}
