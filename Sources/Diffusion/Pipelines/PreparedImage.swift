import Architectures
import Imaging
import ModelLoading
import TensorStore

/// The initial image at the size of the output.
struct PreparedImage: Sendable {
    /// `[1, 3, H, W]` in −1…1.
    let picture: Tensor
    let mask: Mask?
    /// Whether denoising begins with noise alone, and the image only gives the kept part.
    let beginsWithNoise: Bool
    /// Whether the image's own latents are needed, to begin with or to put back the kept part.
    let startsFromImage: Bool
    /// Whether the UNet takes the kept part of the image as an input.
    private let showsMasked: Bool

    /// - Throws: `GenerationError` for a mask that leaves nothing to draw; `ImageError`.
    init(_ initial: InitialImage, _ size: OutputSize, _ model: LatentDiffusionModel) throws {
        picture = try initial.image.resized(width: size.width, height: size.height).planar(range: .signed)
        let mask = try initial.mask.map { try Mask($0, width: size.width, height: size.height) }
        if let mask, mask.isEmpty {
            throw GenerationError.option("The mask", value: "black", expected: "white where the picture is to be drawn anew")
        }
        self.mask = mask
        beginsWithNoise = mask != nil && initial.strength == 1
        showsMasked = mask != nil && model.takesMaskedLatents
        startsFromImage = !beginsWithNoise || !showsMasked
    }

    func encoded(_ encoder: LatentEncoder, _ size: OutputSize) async throws -> EncodedImage {
        let image = startsFromImage ? try await encoder.encode(picture) : nil
        guard let mask else { return EncodedImage(image: image, inpainting: nil) }
        return EncodedImage(
            image: image,
            inpainting: .init(
                mask: try mask.latents(height: size.latentHeight, width: size.latentWidth),
                masked: showsMasked ? try await encoder.encode(mask.kept(of: picture)) : nil))
    }
}

/// The initial image and its mask, encoded.
struct EncodedImage: Sendable {
    /// nil where denoising begins with noise alone.
    let image: LatentDistribution?
    let inpainting: Inpainting?

    struct Inpainting: Sendable {
        /// `[1, 1, h, w]`: 1 for redrawn latents.
        let mask: Tensor
        /// The image without its masked part; nil where the UNet does not take it.
        let masked: LatentDistribution?
    }
}

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
