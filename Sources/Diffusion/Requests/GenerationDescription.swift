public import Foundation
public import Inference
public import TensorStore

/// A model and a request: everything needed to draw a picture again.
///
/// Its JSON is one flat object with the options of both, named in snake_case: the metadata of pictures, the lines of prompt files
/// and the reports of the command line have this form. Absent options have their defaults; unknown keys are refused.
public struct GenerationDescription: Sendable, Codable {
    public var model: ModelDescription
    public var request: GenerationRequest
    /// The files that a picture was drawn with; nil for a picture that is not drawn yet.
    public var files: [FileRecord]?

    public init(model: ModelDescription = ModelDescription(), request: GenerationRequest = GenerationRequest(prompts: [])) {
        self.model = model
        self.request = request
    }

    /// The keys of all options.
    public static let keys = GenerationRequest.options.map(\.key) + ModelDescription.options.map(\.key) + options.map(\.key)

    private static let options: [DescribedOption<GenerationDescription>] = [.init("files", \.files, .files)]

    /// The options that differ from their defaults, by key. Pictures and noise in memory are left out.
    public var options: [String: JSONValue] {
        GenerationRequest.options.values(of: request).merging(ModelDescription.options.values(of: model)) { own, _ in own }
            .merging(Self.options.values(of: self)) { own, _ in own }
    }

    /// Sets the options in a JSON object, and leaves the others unchanged.
    /// - Returns: all errors; if there are any, some options are not set.
    public mutating func set(_ options: some Sequence<(key: String, value: JSONValue)>) -> [OptionError] {
        var reader = RequestOptionReader(options, known: Self.keys)
        reader.read(GenerationRequest.options, into: &request)
        reader.read(ModelDescription.options, into: &model)
        reader.read(Self.options, into: &self)
        reader.refuseUnknownKeys()
        return reader.errors
    }

    /// - Throws: the first `OptionError`.
    public init(from decoder: any Decoder) throws {
        self.init()
        if let error = set(try decoder.container(keyedBy: OptionKey.self).members()).first { throw error }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: OptionKey.self)
        try container.encode(options)
    }

    /// The description as JSON on one line, with sorted keys.
    public var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}

extension Array {
    /// The values of options that differ from their defaults, by key.
    func values<Root>(of root: Root) -> [String: JSONValue] where Element == DescribedOption<Root> {
        reduce(into: [:]) { $0[$1.key] = $1.json(root) }
    }
}

/// A model and its additions.
public struct ModelDescription: Sendable, Hashable, Codable {
    /// A folder, a file, or the name of a repository in the hub's cache; nil for the default model.
    public var model: String?
    /// A UNet that replaces the model's own.
    public var unet: String?
    /// An autoencoder that replaces the model's own.
    public var vae: String?
    /// The floating-point model for steps of mixed precision; nil for the model that `model` was quantized from.
    public var floatModel: String?
    /// LoRAs, `FILE[:scale]` each.
    public var loras: [String]?
    /// The folder where LoRAs that prompts name are looked up; nil for the folders beside the model.
    public var loraDir: String?
    /// Whether LoRA keys that match nothing in the model are ignored.
    public var loraLenient = false
    /// Textual inversions, `FILE[:word]` each.
    public var embeddings: [String]?
    /// The precision of inference; nil for that of the session. A picture's metadata has the one that drew it.
    public var inferencePrecision: CompileOptions.Precision?

    public init(model: String? = nil) { self.model = model }

    static let options: [DescribedOption<ModelDescription>] = [
        .init("model", \.model, .anyText),
        .init("unet", \.unet, .anyText),
        .init("vae", \.vae, .anyText),
        .init("float_model", \.floatModel, .anyText),
        .init("lora", \.loras, .texts),
        .init("lora_dir", \.loraDir, .anyText),
        .init("lora_lenient", \.loraLenient, .flag, omitting: false),
        .init("embedding", \.embeddings, .texts),
        .init("inference_precision", \.inferencePrecision, .choice),
    ]

    /// - Throws: the first `OptionError`.
    public init(from decoder: any Decoder) throws {
        self.init()
        try RequestOptionReader.decode(decoder, Self.options, into: &self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: OptionKey.self)
        try container.encode(Self.options.values(of: self))
    }
}
