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
