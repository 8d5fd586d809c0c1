import Architectures
import Imaging
import ModelLoading

/// The size of a request's pictures.
struct OutputSize: Sendable, Equatable {
    /// The width of the pictures, in pixels.
    let width: Int
    let height: Int
    /// The width of the latents.
    let latentWidth: Int
    let latentHeight: Int

    /// The size of the request, where one side alone follows the ratio of the initial image; else that of the image, rounded down
    /// to whole latents; else the model's own. An image that is far larger than the model's size is scaled to its area.
    /// - Parameter image: the initial image, upright.
    /// - Throws: `GenerationError.size`, `.option` for more pixels than a picture may have, `.smallImage`.
    init(_ request: GenerationRequest, _ model: LatentDiffusionModel, image: RGBImage? = nil) throws(GenerationError) {
        let (factor, side) = (model.autoencoder.spatialFactor, model.defaultSize)
        var size = (width: request.width ?? side, height: request.height ?? side)
        if let image {
            let (width, height) = (Double(image.width), Double(image.height))
            switch (request.width, request.height) {
            case (let own?, nil): size.height = Self.rounded(height * Double(own) / width, factor)
            case (nil, let own?): size.width = Self.rounded(width * Double(own) / height, factor)
            case (nil, nil):
                size = (image.width / factor * factor, image.height / factor * factor)
                let growth = width * height / (Double(side) * Double(side))
                guard growth > Self.largestGrowth else {
                    if size.width > 0, size.height > 0 { break }
                    throw .smallImage(width: image.width, height: image.height, least: factor)
                }
                let scale = 1 / growth.squareRoot()
                size = (Self.rounded(width * scale, factor), Self.rounded(height * scale, factor))
            default: break
            }
        }
        (width, height) = size
        latentWidth = try Self.latents("width", width, factor)
        latentHeight = try Self.latents("height", height, factor)
        guard pixels <= GenerationError.mostPixels else {
            throw .option(
                "The size", value: "\(width)×\(height)", expected: "at most \(GenerationError.mostPixels) pixels in all")
        }
    }

    init(latentHeight: Int, latentWidth: Int, factor: Int) {
        (self.latentHeight, self.latentWidth) = (latentHeight, latentWidth)
        (height, width) = (latentHeight * factor, latentWidth * factor)
    }

    /// The largest area that an initial image may set, in multiples of the model's own.
    private static let largestGrowth = 4.0

    /// The nearest whole number of latents, at least one, in pixels.
    private static func rounded(_ side: Double, _ factor: Int) -> Int {
        // Beyond the longest side, which is refused later, a Double may be beyond Int too.
        let latents = (min(side, Double(2 * GenerationError.longestSide)) / Double(factor)).rounded()
        return max(1, Int(latents)) * factor
    }

    private static func latents(_ side: String, _ value: Int, _ factor: Int) throws(GenerationError) -> Int {
        guard value > 0, value % factor == 0, value <= GenerationError.longestSide else {
            throw .size(side, value: value, multiple: factor)
        }
        return value / factor
    }

    var pixels: Int { width * height }

    /// A sentence on an initial image that was scaled although the request has no size; nil for others.
    func note(_ request: GenerationRequest, image: RGBImage) -> String? {
        let factor = width / latentWidth
        guard request.width == nil, request.height == nil,
            (width, height) != (image.width / factor * factor, image.height / factor * factor)
        else { return nil }
        return
            "The picture of \(image.width)×\(image.height) is scaled to \(width)×\(height), about as many pixels as the model was "
            + "trained on; a width or a height sets another size."
    }

    /// Warnings about a size that the model was not trained on.
    func warnings(_ model: LatentDiffusionModel) -> [String] {
        let side = model.defaultSize
        let ratio = Double(pixels) / Double(side * side)
        guard ratio < 0.4 || ratio > 2.5 else { return [] }
        return [
            "The model was trained on pictures of \(side)×\(side); at \(width)×\(height) it may draw "
                + (ratio < 1 ? "parts of things." : "things twice.")
        ]
    }
}
