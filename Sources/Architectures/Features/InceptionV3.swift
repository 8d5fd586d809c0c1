public import ModelGraph
public import TensorStore

/// The Inception v3 of the Fréchet Inception distance: torchvision's network with pytorch-fid's changes towards TensorFlow's
/// original: average pooling that excludes padding, and maximum pooling in the last block.
///
/// Szegedy et al. 2015, "Rethinking the Inception Architecture for Computer Vision"; pytorch-fid's `InceptionV3`. Tensor
/// names are those of its checkpoint (`pt_inception-2015-12-05`), whose classifier is not used.
public struct InceptionV3: Sendable {
    /// The number of features of a picture.
    public static let featureCount = 2048
    /// Height and width of pictures after bilinear resizing.
    public static let inputSize = 299

    public init() {}

    /// Input `pictures` `[batch, 3, height, width]` f32 in 0…1, of any size; output `features` `[batch, 2048]`.
    /// - Throws: `ArchitectureError` for weights of another network.
    public func graph(_ weights: Weights, batch: Dimension, height: Dimension, width: Dimension) throws -> Graph {
        var network = InceptionBuilder(builder: NetworkBuilder("inception_v3", weights: weights))
        let pictures = network.builder.graph.parameter("pictures", .f32, [batch, 3, height, width])
        let resized = try network.builder.graph.resizeBilinear(
            pictures, height: Self.inputSize, width: Self.inputSize, name: "resize/Interpolate")
        var x = try network.builder.graph.add(network.builder.graph.multiply(resized, by: 2), -1)
        x = try network.stem(x)
        x = try network.blockA(x, "Mixed_5b", 192, pool: 32)
        x = try network.blockA(x, "Mixed_5c", 256, pool: 64)
        x = try network.blockA(x, "Mixed_5d", 288, pool: 64)
        x = try network.blockB(x, "Mixed_6a", 288)
        x = try network.blockC(x, "Mixed_6b", 768, inner: 128)
        x = try network.blockC(x, "Mixed_6c", 768, inner: 160)
        x = try network.blockC(x, "Mixed_6d", 768, inner: 160)
        x = try network.blockC(x, "Mixed_6e", 768, inner: 192)
        x = try network.blockD(x, "Mixed_7a", 768)
        x = try network.blockE(x, "Mixed_7b", 1280, maximum: false)
        x = try network.blockE(x, "Mixed_7c", 2048, maximum: true)
        let features = try network.builder.graph.reduce(.mean, x, axes: [2, 3], name: "avgpool/ReduceMean")
        network.builder.graph.result(features, name: "features")
        return network.builder.graph
    }
}
