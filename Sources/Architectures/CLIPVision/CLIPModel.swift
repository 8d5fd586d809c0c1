public import TensorStore

/// CLIP's two networks, which bring texts and pictures to one space; transformers' `CLIPModel`.
public struct CLIPModel: Sendable {
    /// Its `text_embeds` is a text's vector.
    public let text: CLIPTextModel
    /// Its `image_embeds` is a picture's vector.
    public let vision: CLIPVisionModel

    /// - Parameters:
    ///   - config: config.json, with `text_config`, `vision_config` and the `projection_dim` of both.
    ///   - file: what messages call it.
    /// - Throws: `ArchitectureError` naming the parameter that is not supported, or makes no sense.
    public init(_ config: JSONValue, file: String) throws(ArchitectureError) {
        let config = try CLIPConfig(config, className: "CLIPModel", file: file)
        text = CLIPTextModel(try CLIPTextConfig(config.part("text_config", of: "CLIPTextModel")))
        vision = CLIPVisionModel(try CLIPVisionConfig(config.part("vision_config", of: "CLIPVisionModel")))
    }
}
