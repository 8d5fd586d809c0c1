public import TensorStore

/// CLIP's two networks, which bring texts and pictures to one space; transformers' `CLIPModel`.
public struct CLIPModel: Sendable {
    /// Its `text_embeds` is a text's vector.
    public let text: CLIPTextModel
    /// Its `image_embeds` is a picture's vector.
    public let vision: CLIPVisionModel

    /// - Parameters:
    ///   - config: config.json, with `text_config`, `vision_config` and the `projection_dim` of both.
    ///   - file: the file's name in errors.
    /// - Throws: `ArchitectureError` naming the parameter that is not supported or invalid.
    public init(_ config: JSONValue, file: String) throws(ArchitectureError) {
        let config = try CLIPConfig(config, className: "CLIPModel", file: file)
        text = CLIPTextModel(try CLIPTextConfig(config.part("text_config", of: "CLIPTextModel")))
        vision = CLIPVisionModel(try CLIPVisionConfig(config.part("vision_config", of: "CLIPVisionModel")))
    }
}

/// The config.json of a network that has parts of CLIP, as transformers' `CLIPConfig` reads it.
struct CLIPConfig {
    private let values: JSONValue
    private let reader: ConfigReader
    /// Of the vectors that texts and pictures become.
    let projectionDim: Int

    /// - Parameter file: the file's name in errors.
    init(_ values: JSONValue, className: String, file: String) throws(ArchitectureError) {
        self.values = values
        reader = ConfigReader(values, className: className, file: file)
        projectionDim = try reader.integer("projection_dim", default: 512)
    }

    /// The parameters of a part, `text_config` or `vision_config`, with the whole's `projection_dim` for its own.
    ///
    /// Files of 2022 have them a second time, as `vision_config_dict`, which is then what counts.
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
