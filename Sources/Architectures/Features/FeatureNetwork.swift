import ModelGraph
import TensorStore

/// Networks of torchvision whose features measure the similarity of two pictures.
public enum FeatureNetwork: String, Sendable, CaseIterable {
    /// Krizhevsky 2014, "One weird trick for parallelizing convolutional neural networks".
    case alexNet = "AlexNet"
    /// Simonyan and Zisserman 2014, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 16 layers.
    case vgg16 = "VGG16"

    /// One step of torchvision's `features`, which number each of them.
    enum Layer {
        case convolution(outputs: Int, kernel: Int, stride: Int, padding: Int)
        case relu
        case maxPool(window: Int)
        /// An output of features; not a step in torchvision.
        case tap
    }

    /// The shortest side of a picture, in pixels, for which no layer's output is empty.
    public var minimumSize: Int { self == .alexNet ? 31 : 16 }

    var layers: [Layer] {
        switch self {
        case .alexNet:
            [
                .convolution(outputs: 64, kernel: 11, stride: 4, padding: 2), .relu, .tap, .maxPool(window: 3),
                .convolution(outputs: 192, kernel: 5, stride: 1, padding: 2), .relu, .tap, .maxPool(window: 3),
            ] + Self.same(384, 1) + [.tap] + Self.same(256, 1) + [.tap] + Self.same(256, 1) + [.tap]
        case .vgg16:
            Array(
                [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]
                    .map { Self.same($0, $1) + [.tap] }.joined(separator: [.maxPool(window: 2)]))
        }
    }

    /// Convolutions that keep the size, each followed by ReLU.
    private static func same(_ outputs: Int, _ count: Int) -> [Layer] {
        (0..<count).flatMap { _ in [.convolution(outputs: outputs, kernel: 3, stride: 1, padding: 1), .relu] }
    }

    /// The checkpoint's network, by the size of its first kernel; nil where it is neither.
    init?(_ weights: Weights) {
        switch weights.entries["features.0.weight"]?.shape {
        case [64, 3, 11, 11]: self = .alexNet
        case [64, 3, 3, 3]: self = .vgg16
        default: return nil
        }
    }
}

extension NetworkBuilder {
    /// Features of x `[B, 3, H, W]` at each tap, `[B, C, h, w]`, and their number of channels.
    mutating func features(_ x: Value, _ network: FeatureNetwork) throws -> [(value: Value, channels: Int)] {
        var (hidden, channels, index) = (x, 3, 0)
        var taps: [(Value, Int)] = []
        for layer in network.layers {
            let path = "features.\(index)"
            switch layer {
            case .convolution(let outputs, let kernel, let stride, let padding):
                hidden = try convolution(hidden, path, channels, outputs, kernel: kernel, stride: stride, padding: padding)
                channels = outputs
            case .relu: hidden = try activation(hidden, .relu, path)
            case .maxPool(let window): hidden = try graph.maxPool(hidden, window: window, stride: 2, name: "\(path)/MaxPool")
            case .tap:
                taps.append((hidden, channels))
                continue
            }
            index += 1
        }
        return taps
    }
}
