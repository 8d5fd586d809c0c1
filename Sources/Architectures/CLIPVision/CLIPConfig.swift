import TensorStore

/// The config.json of a network that has parts of CLIP, as transformers' `CLIPConfig` reads it.
struct CLIPConfig {
    private let values: JSONValue
    private let reader: ConfigReader
    /// Of the vectors that texts and pictures become.
    let projectionDim: Int

    /// - Parameter file: what messages call it.
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
