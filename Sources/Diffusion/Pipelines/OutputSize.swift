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

    /// The size of the request; else of the initial image, rounded down to whole latents; else the model's own.
    /// - Parameter image: the initial image.
    /// - Throws: `GenerationError.size`; `.option` for an initial image that is far larger than the model's size.
    init(_ request: GenerationRequest, _ model: LatentDiffusionModel, image: RGBImage? = nil) throws(GenerationError) {
        let factor = model.autoencoder.spatialFactor
        var (width, height) = (model.defaultSize, model.defaultSize)
        if let image {
            (width, height) = (image.width / factor * factor, image.height / factor * factor)
            let limit = Self.largestGrowth * model.defaultSize * model.defaultSize
            guard request.width != nil || request.height != nil || width * height <= limit else {
                throw .option(
                    "The size of the picture to begin with", value: "\(image.width)×\(image.height)",
                    expected:
                        "nearer to the \(model.defaultSize)×\(model.defaultSize) that the model draws, or to be scaled by a "
                        + "width and a height")
            }
        }
        (self.width, self.height) = (request.width ?? width, request.height ?? height)
        latentWidth = try Self.latents("width", self.width, factor)
        latentHeight = try Self.latents("height", self.height, factor)
    }

    init(latentHeight: Int, latentWidth: Int, factor: Int) {
        (self.latentHeight, self.latentWidth) = (latentHeight, latentWidth)
        (height, width) = (latentHeight * factor, latentWidth * factor)
    }

    /// The largest size that an initial image may set, in multiples of the pixels of the model's default size.
    private static let largestGrowth = 4

    private static func latents(_ side: String, _ value: Int, _ factor: Int) throws(GenerationError) -> Int {
        guard value > 0, value % factor == 0, value <= GenerationError.longestSide else {
            throw .size(side, value: value, multiple: factor)
        }
        return value / factor
    }

    var pixels: Int { width * height }

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
