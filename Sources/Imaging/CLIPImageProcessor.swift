public import TensorStore

/// Prepares pictures for CLIP's image encoder; same samples as transformers' `CLIPImageProcessor` with its Pillow backend.
public struct CLIPImageProcessor: Sendable, Equatable {
    /// Target size of resizing.
    public enum Size: Sendable, Equatable {
        /// Length of the shorter side; the longer one follows from the aspect ratio.
        case shortestEdge(Int)
        case exact(height: Int, width: Int)
    }

    /// Target size; nil for no resizing.
    public var size: Size? = .shortestEdge(224)
    public var filter = ResamplingFilter.bicubic
    /// Size of the crop at the center, with black added if the picture is smaller; nil for no crop.
    public var crop: (height: Int, width: Int)? = (224, 224)
    /// Factor for bytes; 1 for no scaling.
    public var rescaleFactor: Double = 1 / 255
    /// Mean and standard deviation of red, green and blue: the mean is subtracted, then the result is divided.
    public var mean: [Double] = [0.48145466, 0.4578275, 0.40821073]
    public var deviation: [Double] = [0.26862954, 0.26130258, 0.27577711]

    /// OpenAI's settings.
    public init() {}

    public static func == (a: CLIPImageProcessor, b: CLIPImageProcessor) -> Bool {
        a.size == b.size && a.filter == b.filter && a.crop?.height == b.crop?.height && a.crop?.width == b.crop?.width
            && a.rescaleFactor == b.rescaleFactor
            && a.mean == b.mean && a.deviation == b.deviation
    }

    /// Prepares one picture: samples `[1, 3, height, width]`.
    /// - Throws: `ImageError.size` if the resized or cropped picture exceeds the default `ImageLimits`.
    public func callAsFunction(_ picture: RGBImage) throws -> Tensor {
        let resized = try resize(picture)
        let (height, width) = crop ?? (resized.height, resized.width)
        try PixelRows.check(width: width, height: height)
        // Offsets are rounded down, also when they are negative because the picture is smaller.
        let (top, left) = ((resized.height - height) >> 1, (resized.width - width) >> 1)
        // Each channel has 256 possible values, so they are tabulated.
        let samples = (0..<3).map { channel in
            (0...255).map { byte in Self.sample(byte, rescaleFactor, Float(mean[channel]), Float(deviation[channel])) }
        }
        var values = [Float](repeating: 0, count: 3 * height * width)
        for channel in 0..<3 {
            for y in 0..<height {
                for x in 0..<width {
                    let (row, column) = (y + top, x + left)
                    let isInside = (0..<resized.height).contains(row) && (0..<resized.width).contains(column)
                    let byte = isInside ? resized.bytes[(row * resized.width + column) * 3 + channel] : 0
                    values[(channel * height + y) * width + x] = samples[channel][Int(byte)]
                }
            }
        }
        return try Tensor(values, shape: [1, 3, height, width])
    }

    /// Scaled and normalized value, in the reference's order of operations, each of which rounds to f32.
    private static func sample(_ byte: Int, _ factor: Double, _ mean: Float, _ deviation: Float) -> Float {
        (Float(Double(byte) * factor) - mean) / deviation
    }

    private func resize(_ picture: RGBImage) throws(ImageError) -> RGBImage {
        switch size {
        case nil: return picture
        case .exact(let height, let width)?: return try picture.resized(width: width, height: height, filter: filter)
        case .shortestEdge(let edge)?:
            let (width, height) = (picture.width, picture.height)
            let other = Int(Double(edge) * Double(max(width, height)) / Double(min(width, height)))
            return try picture.resized(
                width: width <= height ? edge : other, height: width <= height ? other : edge, filter: filter)
        }
    }
}

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
