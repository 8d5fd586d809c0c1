public import TensorStore

/// A line of a prompt file: a prompt, and the options of this line alone.
public struct PromptLine: Sendable, Equatable {
    /// The line's number in the file, from 1.
    public let number: Int
    public let prompt: String
    /// The path of the output file; nil where the line names none.
    public let output: String?
    /// The options of a `GenerationDescription`, in the order of the line.
    private let options: JSONObject

    /// A line of plain text.
    init(number: Int, prompt: String) {
        self.number = number
        self.prompt = prompt
        output = nil
        options = JSONObject()
    }

    /// A line of JSON: an object with `prompt` and any of the other `keys`; null counts as absent.
    /// - Parameter errors: receives all errors; the line is valid only if there are none.
    init(number: Int, json: JSONObject, errors: inout [PromptLineError]) {
        var reader = RequestOptionReader(json, known: Self.keys)
        var description = GenerationDescription()
        reader.read(GenerationRequest.options, into: &description.request)
        reader.read(ModelDescription.options, into: &description.model)
        var output: String?
        reader.read([DescribedOption("output", \.self, .text)], into: &output)
        if !reader.contains("prompt") { errors.append(PromptLineError(line: number, reason: .noPrompt)) }
        reader.refuseUnknownKeys()
        errors += reader.errors.map { PromptLineError(line: number, reason: .option($0)) }
        self.number = number
        prompt = description.request.prompts.first ?? ""
        self.output = output
        options = json
    }

    /// The keys of a line of JSON: all options of a `GenerationDescription` that can differ between pictures, and `output`.
    public static let keys =
        GenerationDescription.keys.filter { !["prompts", "batch_size", "preview_interval"].contains($0) } + ["output"]

    /// Whether the line itself sets the option at `key`.
    public func sets(_ key: String) -> Bool { options[key]?.isNull == false }

    /// `common` with its prompt and options replaced by the line's.
    public func applied(to common: GenerationDescription) -> GenerationDescription {
        var description = common
        description.request.prompts = [prompt]
        // The options were read once when the file was read, and have no errors.
        _ = description.set(options.filter { $0.key != "output" })
        return description
    }
}
