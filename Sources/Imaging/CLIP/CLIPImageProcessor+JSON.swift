public import TensorStore

extension CLIPImageProcessor {
    /// Reads the settings of a preprocessor_config.json; what it leaves out is as OpenAI's.
    /// - Parameter file: what messages call it.
    /// - Throws: `ImageError.parameter` for a value that makes no sense.
    public init(_ values: JSONValue, file: String) throws(ImageError) {
        let reader = Reader(values: values, file: file)
        size = try reader.flag("do_resize") ? reader.size() : nil
        crop = try reader.flag("do_center_crop") ? reader.crop() : nil
        rescaleFactor = try reader.flag("do_rescale") ? reader.factor() : 1
        let normalizes = try reader.flag("do_normalize")
        mean = normalizes ? try reader.channels("image_mean", default: mean) : [0, 0, 0]
        deviation = normalizes ? try reader.channels("image_std", default: deviation) : [1, 1, 1]
        guard !deviation.contains(where: { Float($0) == 0 }) else {
            throw reader.error("image_std", "three numbers other than 0")
        }
        if size != nil { filter = try reader.filter() }
    }
}

private struct Reader {
    let values: JSONValue
    let file: String
    /// Pixels along a side; larger pictures are nobody's.
    private static let sides = 1...1 << 12

    func error(_ name: String, _ expected: String) -> ImageError {
        .parameter(name, value: values[name]?.description ?? "missing", expected: expected, file: file)
    }

    func flag(_ name: String) throws(ImageError) -> Bool {
        guard let value = values[name], !value.isNull else { return true }
        guard let flag = value.bool else { throw error(name, "true or false") }
        return flag
    }

    private func side(_ name: String, _ value: JSONValue?) throws(ImageError) -> Int {
        guard let side = value?.int, Self.sides.contains(side) else {
            throw error(name, "of whole numbers from 1 to \(Self.sides.upperBound)")
        }
        return side
    }

    /// A number, or an object of `shortest_edge` or of `height` and `width`.
    func size() throws(ImageError) -> CLIPImageProcessor.Size {
        guard let value = values["size"], !value.isNull else { return .shortestEdge(224) }
        guard value.object != nil else { return .shortestEdge(try side("size", value)) }
        if let edge = value["shortest_edge"] {
            guard value["longest_edge"] == nil else { throw error("size", "shortest_edge without longest_edge") }
            return .shortestEdge(try side("size", edge))
        }
        return .exact(height: try side("size", value["height"]), width: try side("size", value["width"]))
    }

    /// A number, or an object of `height` and `width`.
    func crop() throws(ImageError) -> (height: Int, width: Int) {
        guard let value = values["crop_size"], !value.isNull else { return (224, 224) }
        guard value.object != nil else {
            let side = try side("crop_size", value)
            return (side, side)
        }
        return (try side("crop_size", value["height"]), try side("crop_size", value["width"]))
    }

    /// One of Pillow's numbers.
    func filter() throws(ImageError) -> ResamplingFilter {
        guard let value = values["resample"], !value.isNull else { return .bicubic }
        guard let filter = value.int.flatMap(ResamplingFilter.init(pillow:)) else {
            throw error("resample", "a whole number from 0 to 5, one of Pillow's filters")
        }
        return filter
    }

    func factor() throws(ImageError) -> Double {
        guard let value = values["rescale_factor"], !value.isNull else { return 1 / 255 }
        guard let factor = value.double, abs(factor) <= 1e6 else { throw error("rescale_factor", "a number") }
        return factor
    }

    func channels(_ name: String, default fallback: [Double]) throws(ImageError) -> [Double] {
        guard let value = values[name], !value.isNull else { return fallback }
        let numbers = (value.array ?? []).compactMap(\.double)
        guard numbers.count == 3, value.array?.count == 3, numbers.allSatisfy({ abs($0) <= 1e6 }) else {
            throw error(name, "three numbers")
        }
        return numbers
    }
}
