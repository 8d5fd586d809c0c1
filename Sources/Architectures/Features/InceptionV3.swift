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

/// The blocks of Inception v3, with torchvision's letters. Each concatenates the channels of its branches.
struct InceptionBuilder {
    var builder: NetworkBuilder

    mutating func stem(_ x: Value) throws -> Value {
        var x = try unit(x, "Conv2d_1a_3x3", 3, 32, [3, 3], stride: 2)
        x = try unit(x, "Conv2d_2a_3x3", 32, 32, [3, 3])
        x = try unit(x, "Conv2d_2b_3x3", 32, 64, [3, 3], padding: [1, 1])
        x = try builder.graph.maxPool(x, window: 3, stride: 2, name: "maxpool1/MaxPool")
        x = try unit(x, "Conv2d_3b_1x1", 64, 80, [1, 1])
        x = try unit(x, "Conv2d_4a_3x3", 80, 192, [3, 3])
        return try builder.graph.maxPool(x, window: 3, stride: 2, name: "maxpool2/MaxPool")
    }

    mutating func blockA(_ x: Value, _ path: String, _ inputs: Int, pool: Int) throws -> Value {
        let single = try unit(x, "\(path).branch1x1", inputs, 64, [1, 1])
        var five = try unit(x, "\(path).branch5x5_1", inputs, 48, [1, 1])
        five = try unit(five, "\(path).branch5x5_2", 48, 64, [5, 5], padding: [2, 2])
        var three = try unit(x, "\(path).branch3x3dbl_1", inputs, 64, [1, 1])
        three = try unit(three, "\(path).branch3x3dbl_2", 64, 96, [3, 3], padding: [1, 1])
        three = try unit(three, "\(path).branch3x3dbl_3", 96, 96, [3, 3], padding: [1, 1])
        let pooled = try average(x, path, inputs, pool)
        return try join([single, five, three, pooled], path)
    }

    /// Halves the size.
    mutating func blockB(_ x: Value, _ path: String, _ inputs: Int) throws -> Value {
        let three = try unit(x, "\(path).branch3x3", inputs, 384, [3, 3], stride: 2)
        var double = try unit(x, "\(path).branch3x3dbl_1", inputs, 64, [1, 1])
        double = try unit(double, "\(path).branch3x3dbl_2", 64, 96, [3, 3], padding: [1, 1])
        double = try unit(double, "\(path).branch3x3dbl_3", 96, 96, [3, 3], stride: 2)
        let pooled = try builder.graph.maxPool(x, window: 3, stride: 2, name: "\(path)/MaxPool")
        return try join([three, double, pooled], path)
    }

    mutating func blockC(_ x: Value, _ path: String, _ inputs: Int, inner: Int) throws -> Value {
        let single = try unit(x, "\(path).branch1x1", inputs, 192, [1, 1])
        var seven = try unit(x, "\(path).branch7x7_1", inputs, inner, [1, 1])
        seven = try unit(seven, "\(path).branch7x7_2", inner, inner, [1, 7], padding: [0, 3])
        seven = try unit(seven, "\(path).branch7x7_3", inner, 192, [7, 1], padding: [3, 0])
        var double = try unit(x, "\(path).branch7x7dbl_1", inputs, inner, [1, 1])
        double = try unit(double, "\(path).branch7x7dbl_2", inner, inner, [7, 1], padding: [3, 0])
        double = try unit(double, "\(path).branch7x7dbl_3", inner, inner, [1, 7], padding: [0, 3])
        double = try unit(double, "\(path).branch7x7dbl_4", inner, inner, [7, 1], padding: [3, 0])
        double = try unit(double, "\(path).branch7x7dbl_5", inner, 192, [1, 7], padding: [0, 3])
        let pooled = try average(x, path, inputs, 192)
        return try join([single, seven, double, pooled], path)
    }

    /// Halves the size.
    mutating func blockD(_ x: Value, _ path: String, _ inputs: Int) throws -> Value {
        var three = try unit(x, "\(path).branch3x3_1", inputs, 192, [1, 1])
        three = try unit(three, "\(path).branch3x3_2", 192, 320, [3, 3], stride: 2)
        var seven = try unit(x, "\(path).branch7x7x3_1", inputs, 192, [1, 1])
        seven = try unit(seven, "\(path).branch7x7x3_2", 192, 192, [1, 7], padding: [0, 3])
        seven = try unit(seven, "\(path).branch7x7x3_3", 192, 192, [7, 1], padding: [3, 0])
        seven = try unit(seven, "\(path).branch7x7x3_4", 192, 192, [3, 3], stride: 2)
        let pooled = try builder.graph.maxPool(x, window: 3, stride: 2, name: "\(path)/MaxPool")
        return try join([three, seven, pooled], path)
    }

    /// - Parameter maximum: whether the pooled branch takes the maximum, as in the network's last block.
    mutating func blockE(_ x: Value, _ path: String, _ inputs: Int, maximum: Bool) throws -> Value {
        let single = try unit(x, "\(path).branch1x1", inputs, 320, [1, 1])
        let three = try unit(x, "\(path).branch3x3_1", inputs, 384, [1, 1])
        let wide = try unit(three, "\(path).branch3x3_2a", 384, 384, [1, 3], padding: [0, 1])
        let high = try unit(three, "\(path).branch3x3_2b", 384, 384, [3, 1], padding: [1, 0])
        var double = try unit(x, "\(path).branch3x3dbl_1", inputs, 448, [1, 1])
        double = try unit(double, "\(path).branch3x3dbl_2", 448, 384, [3, 3], padding: [1, 1])
        let doubleWide = try unit(double, "\(path).branch3x3dbl_3a", 384, 384, [1, 3], padding: [0, 1])
        let doubleHigh = try unit(double, "\(path).branch3x3dbl_3b", 384, 384, [3, 1], padding: [1, 0])
        let pooled: Value
        if maximum {
            let greatest = try builder.graph.maxPool(x, window: 3, stride: 1, padding: 1, name: "\(path)/MaxPool")
            pooled = try unit(greatest, "\(path).branch_pool", inputs, 192, [1, 1])
        } else {
            pooled = try average(x, path, inputs, 192)
        }
        return try join([single, wide, high, doubleWide, doubleHigh, pooled], path)
    }

    // MARK: Parts

    private mutating func average(_ x: Value, _ path: String, _ inputs: Int, _ outputs: Int) throws -> Value {
        let pooled = try builder.graph.averagePool(x, window: 3, stride: 1, padding: 1, name: "\(path)/AvgPool")
        return try unit(pooled, "\(path).branch_pool", inputs, outputs, [1, 1])
    }

    private mutating func join(_ branches: [Value], _ path: String) throws -> Value {
        try builder.graph.concatenate(branches, axis: 1, name: "\(path)/Concat")
    }

    /// torchvision's `BasicConv2d`: convolution without bias, batch normalization with ε = 0.001 and running statistics, ReLU.
    private mutating func unit(
        _ x: Value, _ path: String, _ inputs: Int, _ outputs: Int, _ kernel: [Int], stride: Int = 1, padding: [Int] = [0, 0]
    ) throws -> Value {
        let kernels = try builder.weight("\(path).conv.weight", [outputs, inputs, kernel[0], kernel[1]])
        let product = try builder.graph.convolution(
            x, kernels, stride: stride, padding: padding, name: "\(path)/Convolution")
        let scale = try builder.weight("\(path).bn.weight", [outputs])
        let bias = try builder.weight("\(path).bn.bias", [outputs])
        let mean = try builder.weight("\(path).bn.running_mean", [outputs])
        let variance = try builder.weight("\(path).bn.running_var", [outputs])
        var node = Node(
            name: "\(path)/BatchNormInference", type: "BatchNormInference", opset: "opset5",
            inputs: [product, scale, bias, mean, variance])
        node.attributes = [.init("epsilon", "0.001")]
        node.outputs = [.init(elementType: .f32, shape: product.shape)]
        let index = builder.graph.append(node)
        return try builder.activation(builder.graph.value(index), .relu, path)
    }
}
