import Architectures
public import Foundation
import ModelGraph
import TensorStore
import Tokenizers

/// A model with the shapes of a published architecture and random weights, for measuring speed and memory without a download. Its
/// pictures are noise.
///
/// Weights are f16, seeded, and scaled like a trained network's, so that activations neither overflow nor become denormal.
public struct SyntheticModel: Sendable {
    public let name: String
    /// Files by their paths in the model's folder.
    let configs: [String: JSONValue]

    init(name: String, configs: [String: JSONValue]) {
        self.name = name
        self.configs = configs
    }

    /// - Returns: nil for a name that is not in `all`.
    public static func named(_ name: String) -> SyntheticModel? { all.first { $0.name == name } }

    /// Writes the model into a new folder in diffusers' layout, unless the folder exists.
    ///
    /// The folder appears under its name when it is complete.
    /// - Returns: false for an existing folder, which is used unchanged.
    /// - Throws: `FileError`.
    @discardableResult
    public func write(to folder: URL) throws -> Bool {
        let manager = FileManager.default
        guard !manager.fileExists(atPath: folder.path) else { return false }
        let partial = folder.deletingLastPathComponent().appending(path: ".\(folder.lastPathComponent).partial-\(getpid())")
        try? manager.removeItem(at: partial)
        do {
            for (path, config) in configs { try Self.write("\(config)\n", to: partial.appending(path: path)) }
            let model = try ModelSource(partial)
            for component in model.components.values where component.name.hasPrefix("tokenizer") {
                try BytePairVocabulary.clip().write(to: component.folder)
            }
            for component in model.components.values where component.hasWeights { try writeWeights(of: component) }
            try manager.moveItem(at: partial, to: folder)
        } catch {
            try? manager.removeItem(at: partial)
            throw error
        }
        return true
    }

    /// The shapes of a network's tensors, by the names in its library's files.
    /// - Parameters:
    ///   - name: the component's name.
    ///   - placeholder: any file.
    static func shapes(of name: String, _ config: ConfigReader, placeholder: MappedFile) throws -> [String: Shape] {
        let recorder = TensorRecorder(placeholder: placeholder)
        let projection = "text_projection.weight"
        let projects = config.className == "CLIPTextModelWithProjection"
        let weights = Weights(recording: recorder, optional: projects ? [projection] : [])
        switch name {
        case "text_encoder", "text_encoder_2":
            let network = try Registry.make(config, from: Registry.textEncoders)
            let tokens = network.config.maxPositionEmbeddings
            _ = try network.graph(weights, batch: 1, tokens: tokens, outputs: .init(pooled: projects))
            let named = recorder.shapes.map { ($0.key == projection ? $0.key : "text_model.\($0.key)", $0.value) }
            return Dictionary(uniqueKeysWithValues: named)
        case "unet":
            let network = try Registry.make(config, from: Registry.unets)
            _ = try network.graph(weights, .init(batch: 1, height: 64, width: 64, tokens: 77))
        default:
            let network = try Registry.make(config, from: Registry.autoencoders)
            _ = try network.decoder(weights, batch: 1, height: 64, width: 64)
            _ = try network.encoder(weights, batch: 1, height: 512, width: 512)
        }
        return recorder.shapes
    }

    private func writeWeights(of component: Component) throws {
        let config = try component.config()
        let shapes = try Self.shapes(of: component.name, config, placeholder: MappedFile(path: config.file))
        var writer = SafetensorsWriter(metadata: ["format": "pt"])
        for (index, (name, shape)) in shapes.sorted(by: { $0.key < $1.key }).enumerated() {
            try writer.add(name, .f16, shape) {
                var random = RandomWeights(seed: UInt64(index))
                return try random.tensor(name, shape)
            }
        }
        let file = component.library == "transformers" ? "model.safetensors" : "diffusion_pytorch_model.safetensors"
        try writer.write(to: component.folder.appending(path: file).path)
    }

    private static func write(_ text: String, to file: URL) throws {
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }
}

/// Random weights of one layer, at the scale of trained weights.
struct RandomWeights {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    /// f16 values for the tensor called `name`: matrices and kernels are normal with variance 1 / (inputs of an output); scales
    /// of normalizations are near 1; biases are small.
    mutating func tensor(_ name: String, _ shape: Shape) throws -> Tensor {
        let (mean, deviation): (Float, Float) =
            if shape.rank > 1 {
                (0, 1 / Float(max(shape.dropFirst().reduce(1, *), 1)).squareRoot())
            } else if name.hasSuffix("weight") {
                (1, 0.02)
            } else {
                (0, 0.02)
            }
        // Values come from a table, so that a thousand million of them take only seconds.
        let table = Self.normals.map { HalfPrecision.f16(mean + deviation * $0) }
        let count = shape.reduce(1, *)
        var values = [UInt16](repeating: 0, count: count)
        for index in stride(from: 0, to: count, by: 4) {
            var random = next()
            for place in index..<min(index + 4, count) {
                values[place] = table[Int(random & 0xFFFF)]
                random >>= 16
            }
        }
        return try values.withUnsafeBytes { try Tensor(copying: $0, shape: shape, of: .f16) }
    }

    /// xorshift64*.
    private mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }

    /// 65,536 standard normal values by the Box–Muller method, all at least 1/1000 in magnitude.
    private static let normals: [Float] = {
        var generator = RandomWeights(seed: 1)
        func uniform() -> Double { (Double(generator.next() >> 11) + 0.5) / 0x1p53 }
        return (0..<65_536).map { _ in
            let value = Float((-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform()))
            return abs(value) < 0.001 ? 0.001 : value
        }
    }()
}
