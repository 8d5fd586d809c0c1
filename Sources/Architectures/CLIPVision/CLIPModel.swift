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
        let reader = ConfigReader(config, className: "CLIPModel", file: file)
        let projection = try reader.integer("projection_dim", default: 512)
        func part(_ name: String, _ className: String) throws(ArchitectureError) -> ConfigReader {
            guard let members = config[name]?.object else {
                throw .parameter(
                    name, value: config[name]?.description ?? "missing", expected: "the parameters of a \(className)",
                    class: "CLIPModel", file: file)
            }
            // Each part has a width of its own, which `CLIPModel` does not ask for.
            guard let values = members.setting("projection_dim", to: projection) else {
                throw reader.inconsistent("\(name) can't be read")
            }
            return ConfigReader(values, className: "\(className) in \(name)", file: file)
        }
        text = CLIPTextModel(try CLIPTextConfig(part("text_config", "CLIPTextModel")))
        vision = CLIPVisionModel(try CLIPVisionConfig(part("vision_config", "CLIPVisionModel")))
    }
}

extension JSONObject {
    /// The members with `key` as this number.
    fileprivate func setting(_ key: String, to number: Int) -> JSONValue? {
        let members = filter { $0.key != key }.map { "\(JSONValue.string($0.key)): \($0.value)" } + ["\"\(key)\": \(number)"]
        return try? JSONValue(parsing: "{\(members.joined(separator: ", "))}".utf8)
    }
}
