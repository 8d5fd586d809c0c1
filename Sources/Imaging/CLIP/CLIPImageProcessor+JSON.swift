public import TensorStore

extension CLIPImageProcessor {
    /// Reads the settings of a preprocessor_config.json; options that are absent or null have OpenAI's values.
    /// - Parameter file: the file's name, for errors.
    /// - Throws: `ImageError.parameter` for a value of another type or outside its range.
    public init(_ values: JSONValue, file: String) throws(ImageError) {
        let reader = OptionReader<ImageError>(values, file: file)
        size = try reader.flag("do_resize", default: true) ? reader.size() : nil
        crop = try reader.flag("do_center_crop", default: true) ? reader.crop() : nil
        rescaleFactor =
            try reader.flag("do_rescale", default: true)
            ? reader.number("rescale_factor", default: rescaleFactor, in: -1e6...1e6) : 1
        let normalizes = try reader.flag("do_normalize", default: true)
        mean = normalizes ? try reader.channels("image_mean") ?? mean : [0, 0, 0]
        deviation = normalizes ? try reader.channels("image_std") ?? deviation : [1, 1, 1]
        guard !deviation.contains(where: { Float($0) == 0 }) else {
            throw reader.mismatch("image_std", "three numbers other than 0")
        }
        if size != nil { filter = try reader.filter() ?? .bicubic }
    }
}

extension OptionReader where Failure == ImageError {
    /// Pixels along a side.
    private static var sides: ClosedRange<Int> { 1...1 << 12 }

    private func side(_ name: String, _ value: JSONValue?) throws(ImageError) -> Int {
        guard let side = value?.int, Self.sides.contains(side) else {
            throw mismatch(name, "of whole numbers from 1 to \(Self.sides.upperBound)")
        }
        return side
    }

    /// A number, or an object of `shortest_edge` or of `height` and `width`.
    fileprivate func size() throws(ImageError) -> CLIPImageProcessor.Size {
        guard let value = given("size") else { return .shortestEdge(224) }
        guard value.object != nil else { return .shortestEdge(try side("size", value)) }
        if let edge = value["shortest_edge"] {
            guard value["longest_edge"] == nil else { throw mismatch("size", "shortest_edge without longest_edge") }
            return .shortestEdge(try side("size", edge))
        }
        return .exact(height: try side("size", value["height"]), width: try side("size", value["width"]))
    }

    /// A number, or an object of `height` and `width`.
    fileprivate func crop() throws(ImageError) -> (height: Int, width: Int) {
        guard let value = given("crop_size") else { return (224, 224) }
        guard value.object != nil else {
            let side = try side("crop_size", value)
            return (side, side)
        }
        return (try side("crop_size", value["height"]), try side("crop_size", value["width"]))
    }

    /// A filter by Pillow's number.
    fileprivate func filter() throws(ImageError) -> ResamplingFilter? {
        try value("resample", "a whole number from 0 to 5, one of Pillow's filters") {
            $0.int.flatMap(ResamplingFilter.init(pillow:))
        }
    }

    /// A number for each of red, green and blue.
    fileprivate func channels(_ name: String) throws(ImageError) -> [Double]? {
        try value(name, "three numbers") { value in
            let numbers = value.list { $0.double.flatMap { abs($0) <= 1e6 ? $0 : nil } }
            return numbers?.count == 3 ? numbers : nil
        }
    }
}

extension ImageError: OptionFailure {
    public init(_ error: OptionError) {
        let (expected, found) = error.phrases
        self = .parameter(error.key, value: found, expected: expected, file: error.file ?? "")
    }
}
