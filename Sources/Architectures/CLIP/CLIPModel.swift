public import TensorStore

/// CLIP's two networks, which embed texts and pictures in one space; transformers' `CLIPModel`.
public struct CLIPModel: Sendable {
    /// The text network; its output `text_embeds` is a text's embedding.
    public let text: CLIPTextModel
    /// The vision network; its output `image_embeds` is a picture's embedding.
    public let vision: CLIPVisionModel

    /// - Parameters:
    ///   - config: config.json, with `text_config`, `vision_config` and the `projection_dim` of both.
    ///   - file: the file's name in errors.
    /// - Throws: `ArchitectureError` naming the unsupported or invalid parameter.
    public init(_ config: JSONValue, file: String) throws(ArchitectureError) {
        let config = try CLIPConfig(config, className: "CLIPModel", file: file)
        text = CLIPTextModel(try CLIPTextConfig(config.part("text_config", of: "CLIPTextModel")))
        vision = CLIPVisionModel(try CLIPVisionConfig(config.part("vision_config", of: "CLIPVisionModel")))
    }
}

/// The config.json of a network with parts of CLIP, as read by transformers' `CLIPConfig`.
struct CLIPConfig {
    private let values: JSONValue
    private let reader: ConfigReader
    /// The size of the embeddings.
    let projectionDim: Int

    /// - Parameter file: the file's name in errors.
    init(_ values: JSONValue, className: String, file: String) throws(ArchitectureError) {
        self.values = values
        reader = ConfigReader(values, className: className, file: file)
        projectionDim = try reader.integer("projection_dim", default: 512)
    }

    /// The parameters of a part, `text_config` or `vision_config`, with the `projection_dim` of the whole config.
    ///
    /// Files of 2022 have a second copy, such as `vision_config_dict`, which then takes precedence.
    func part(_ name: String, of className: String) throws(ArchitectureError) -> ConfigReader {
        let older = values["\(name)_dict"]
        guard let members = (older == nil || older?.isNull == true ? values[name] : older)?.object else {
            throw .parameter(
                name, value: values[name]?.description ?? "missing", expected: "the parameters of a \(className)",
                class: reader.className, file: reader.file)
        }
        let own = members.filter { $0.key != "projection_dim" }.map { ($0.key, Optional($0.value)) }
        return ConfigReader(
            .members(own + [("projection_dim", .integer(projectionDim))]), className: "\(className) in \(name)", file: reader.file
        )
    }
}
