/// A model and its additions.
public struct ModelDescription: Sendable, Hashable, Codable {
    /// A folder, a file, or the name of a repository in the hub's cache; nil for the default model.
    public var model: String?
    /// An autoencoder that replaces the model's own.
    public var vae: String?
    /// The floating-point model for steps of mixed precision; nil for the model that `model` was quantized from.
    public var floatModel: String?
    /// LoRAs, `FILE[:scale]` each.
    public var loras: [String]?
    /// Whether LoRA keys that match nothing in the model are ignored.
    public var loraLenient = false
    /// Textual inversions, `FILE[:word]` each.
    public var embeddings: [String]?

    public init(model: String? = nil) { self.model = model }

    static let options: [DescribedOption<ModelDescription>] = [
        .init("model", \.model, .anyText),
        .init("vae", \.vae, .anyText),
        .init("float_model", \.floatModel, .anyText),
        .init("lora", \.loras, .texts),
        .init("lora_lenient", \.loraLenient, .flag, omitting: false),
        .init("embedding", \.embeddings, .texts),
    ]

    /// - Throws: the first `RequestOptionError`.
    public init(from decoder: any Decoder) throws {
        self.init()
        var reader = RequestOptionReader(
            try decoder.container(keyedBy: OptionKey.self).members(), known: Self.options.map(\.key))
        reader.read(Self.options, into: &self)
        reader.refuseUnknownKeys()
        if let error = reader.errors.first { throw error }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: OptionKey.self)
        try container.encode(Self.options.values(of: self))
    }
}
