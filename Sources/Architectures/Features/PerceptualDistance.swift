public import ModelGraph
public import TensorStore

/// LPIPS, the distance between the features of two pictures in a network; 0 for equal pictures.
///
/// Zhang, Isola, Efros, Shechtman and Wang 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric"; the
/// package `lpips`, version 0.1 of its weights. The features of each layer are normalized to length 1 over the channels; their
/// squared differences are weighted by channel, averaged over the picture and summed over the layers.
public struct PerceptualDistance: Sendable {
    public let network: FeatureNetwork
    private let weights: Weights

    /// - Parameter weights: torchvision's `features.N.weight` and `.bias`, and lpips' `linN.model.1.weight`; or the state dict of
    ///   an `lpips.LPIPS`, which calls the features `net.sliceM.N`.
    /// - Throws: `ArchitectureError` for features of neither AlexNet nor VGG16.
    public init(_ weights: Weights) throws(ArchitectureError) {
        let renamed = weights.renamed { name in
            let parts = name.split(separator: ".")
            guard parts.count == 4, parts[0] == "net", parts[1].hasPrefix("slice") else { return name }
            return "features.\(parts[2]).\(parts[3])"
        }
        guard let network = FeatureNetwork(renamed) else {
            let file = weights.source
            guard let found = renamed.entries["features.0.weight"]?.shape else {
                throw .inconsistent("there is no tensor 'features.0.weight' of AlexNet or VGG16", class: "LPIPS", file: file)
            }
            throw .unsupported(
                parameter: "features.0.weight", value: "\(found)",
                supported: "AlexNet's [64, 3, 11, 11] or VGG16's [64, 3, 3, 3]",
                class: "LPIPS", file: file)
        }
        self.network = network
        self.weights = renamed
    }

    /// Input `pictures` `[2, 3, height, width]` f32 in −1…1, each side `network.minimumSize` or more; output `distance` `[1]`.
    /// - Throws: `ArchitectureError` where a tensor is missing or has another shape.
    public func graph(height: Dimension, width: Dimension) throws -> Graph {
        var builder = NetworkBuilder("lpips", weights: weights)
        let pictures = builder.graph.parameter("pictures", .f32, [2, 3, height, width])
        // The normalization of training: ImageNet's mean and deviation, for samples in −1…1.
        let shift = builder.graph.constant([-0.030, -0.088, -0.188] as [Float], shape: [1, 3, 1, 1])
        let scale = builder.graph.constant([0.458, 0.448, 0.450] as [Float], shape: [1, 3, 1, 1])
        let shifted = try builder.graph.binary(.subtract, pictures, shift)
        let scaled = try builder.graph.binary(.divide, shifted, scale)
        var distance: Value?
        for (layer, tap) in try builder.features(scaled, network).enumerated() {
            let part = try self.distance(tap.value, tap.channels, layer, &builder)
            distance = try distance.map { try builder.graph.add($0, part) } ?? part
        }
        if let distance { builder.graph.result(distance, name: "distance") }
        return builder.graph
    }

    /// The distance in one layer: x `[2, C, h, w]` to `[1]`.
    private func distance(_ x: Value, _ channels: Int, _ layer: Int, _ builder: inout NetworkBuilder) throws -> Value {
        let length = try builder.graph.reduce(.l2, x, axes: [1], keepsAxes: true)
        let unit = try builder.graph.binary(.divide, x, builder.graph.add(length, 1e-10))
        let first = try builder.graph.slice(unit, axis: 0, 0..<1)
        let second = try builder.graph.slice(unit, axis: 0, 1..<2)
        let difference = try builder.graph.binary(.subtract, first, second)
        let square = try builder.graph.multiply(difference, difference)
        let path = "lin\(layer).model.1"
        let weighted = try builder.convolution(square, path, channels, 1, kernel: 1, bias: false)
        return try builder.graph.reduce(.mean, weighted, axes: [1, 2, 3], name: "\(path)/ReduceMean")
    }
}
