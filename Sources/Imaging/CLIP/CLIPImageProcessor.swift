public import TensorStore

/// Pictures as CLIP's image encoder takes them: the same samples as transformers' `CLIPImageProcessor` with its Pillow backend.
public struct CLIPImageProcessor: Sendable, Equatable {
    /// What a picture is resized to.
    public enum Size: Sendable, Equatable {
        /// The shorter side; the other one keeps the picture's proportions.
        case shortestEdge(Int)
        case exact(height: Int, width: Int)
    }

    /// nil where pictures keep their size.
    public var size: Size? = .shortestEdge(224)
    public var filter = ResamplingFilter.bicubic
    /// Cut from the middle, or filled up with black; nil where all of the picture is taken.
    public var crop: (height: Int, width: Int)? = (224, 224)
    /// What bytes are multiplied by; 1 where they are taken as they are.
    public var rescaleFactor: Double = 1 / 255
    /// What is subtracted from red, green and blue, and what they are then divided by.
    public var mean: [Double] = [0.48145466, 0.4578275, 0.40821073]
    public var deviation: [Double] = [0.26862954, 0.26130258, 0.27577711]

    /// OpenAI's own settings.
    public init() {}

    public static func == (a: CLIPImageProcessor, b: CLIPImageProcessor) -> Bool {
        a.size == b.size && a.filter == b.filter && a.crop?.height == b.crop?.height && a.crop?.width == b.crop?.width
            && a.rescaleFactor == b.rescaleFactor
            && a.mean == b.mean && a.deviation == b.deviation
    }

    /// `[1, 3, height, width]` of one picture.
    /// - Throws: `ImageError.size` where the resized or the cut picture is beyond the limits of files that are read.
    public func callAsFunction(_ picture: RGBImage) throws -> Tensor {
        let resized = try resize(picture)
        let (height, width) = crop ?? (resized.height, resized.width)
        try PixelRows.check(width: width, height: height)
        // Rounded down, also where the picture is the smaller one.
        let (top, left) = ((resized.height - height) >> 1, (resized.width - width) >> 1)
        // A byte stands for one of 256 numbers in each channel.
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

    /// In the steps of the reference, each of which rounds to f32.
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
