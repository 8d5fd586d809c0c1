public import ModelGraph
public import TensorStore

/// What an encoder of pictures gives.
public enum EncoderOutput: Sendable {
    /// Latents are drawn from normal distributions: means in the first half of the channels, logarithms of variances (which the
    /// reference cuts to −30…20) in the second.
    case distribution
    case latents

    /// The graph's output.
    public var name: String {
        switch self {
        case .distribution: "latent_parameters"
        case .latents: "latent_sample"
        }
    }
}

/// A network between pictures and latents.
public protocol LatentAutoencoder: Sendable {
    /// Channels of the latents.
    var latentChannels: Int { get }
    /// Pixels that a latent stands for along height and width.
    var spatialFactor: Int { get }
    /// What latents are multiplied by after encoding and divided by before decoding.
    var scalingFactor: Double { get }
    /// What the encoder gives.
    var encoderOutput: EncoderOutput { get }

    /// Input `latent_sample`, output `sample`.
    func decoder(_ weights: Weights, batch: Dimension, height: Dimension, width: Dimension) throws -> Graph
    /// Input `sample`, output as `encoderOutput` says.
    func encoder(_ weights: Weights, batch: Dimension, height: Dimension, width: Dimension) throws -> Graph
}

extension AutoencoderKL: LatentAutoencoder {
    public var latentChannels: Int { config.latentChannels }
    public var spatialFactor: Int { config.spatialFactor }
    public var scalingFactor: Double { config.scalingFactor }
    public var encoderOutput: EncoderOutput { .distribution }
}

extension AutoencoderTiny: LatentAutoencoder {
    public var latentChannels: Int { config.latentChannels }
    public var spatialFactor: Int { config.spatialFactor }
    public var scalingFactor: Double { config.scalingFactor }
    public var encoderOutput: EncoderOutput { .latents }
}

/// The classes that checkpoints may name, by the part they play. A new network is a folder, and a line here.
public enum Registry {
    public typealias Making<Network> = @Sendable (ConfigReader) throws -> Network

    public static let textEncoders: [String: Making<CLIPTextModel>] = [
        CLIPTextConfig.className: { CLIPTextModel(try CLIPTextConfig($0)) },
        "CLIPTextModelWithProjection": { CLIPTextModel(try CLIPTextConfig($0)) },
    ]

    public static let unets: [String: Making<UNet2DConditionModel>] = [
        UNet2DConditionConfig.className: { UNet2DConditionModel(try UNet2DConditionConfig($0)) }
    ]

    public static let autoencoders: [String: Making<any LatentAutoencoder>] = [
        AutoencoderKLConfig.className: { AutoencoderKL(try AutoencoderKLConfig($0)) },
        AutoencoderTinyConfig.className: { AutoencoderTiny(try AutoencoderTinyConfig($0)) },
    ]

    /// The network of the class that `config` is of.
    /// - Throws: `ArchitectureError.unknownClass` for a class that is none of `makers`, and what its config's reading throws.
    public static func make<Network>(_ config: ConfigReader, from makers: [String: Making<Network>]) throws -> Network {
        guard let maker = makers[config.className] else {
            throw ArchitectureError.unknownClass(config.className, file: config.file, known: makers.keys.sorted())
        }
        return try maker(config)
    }
}
