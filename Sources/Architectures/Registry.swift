public import ModelGraph
public import TensorStore

/// The output of an autoencoder's encoder.
public enum EncoderOutput: Sendable {
    /// Normal distributions of latents: means in the first half of the channels, logarithms of variances in the second (clamped
    /// to −30…20 by the reference).
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

/// A network that encodes pictures to latents and decodes latents to pictures.
public protocol LatentAutoencoder: Sendable {
    /// Channels of the latents.
    var latentChannels: Int { get }
    /// Pixels for each latent along height and width.
    var spatialFactor: Int { get }
    /// The scaling factor of latents: multiplied after encoding, divided by before decoding.
    var scalingFactor: Double { get }
    /// The encoder's output.
    var encoderOutput: EncoderOutput { get }
    /// The most channels that the decoder computes at the picture's size.
    var widestChannels: Int { get }

    /// Input `latent_sample`, output `sample`.
    func decoder(_ weights: Weights, batch: Dimension, height: Dimension, width: Dimension) throws -> Graph
    /// Input `sample`; the output is described by `encoderOutput`.
    func encoder(_ weights: Weights, batch: Dimension, height: Dimension, width: Dimension) throws -> Graph
}

extension AutoencoderKL: LatentAutoencoder {
    public var latentChannels: Int { config.latentChannels }
    public var spatialFactor: Int { config.spatialFactor }
    public var scalingFactor: Double { config.scalingFactor }
    public var encoderOutput: EncoderOutput { .distribution }
    // The second level's channels are enlarged before they become fewer.
    public var widestChannels: Int { config.blockOutChannels.prefix(2).max() ?? 1 }
}

extension AutoencoderTiny: LatentAutoencoder {
    public var latentChannels: Int { config.latentChannels }
    public var spatialFactor: Int { config.spatialFactor }
    public var scalingFactor: Double { config.scalingFactor }
    public var encoderOutput: EncoderOutput { .latents }
    public var widestChannels: Int { config.decoderBlockOutChannels.last ?? 1 }
}

/// Libraries of the classes in configs. Each has its own names for weight files.
public enum NetworkLibrary: String, Sendable {
    case diffusers, transformers
}

/// A kind of network: the classes for one component of a model.
public protocol NetworkKind: Sendable {
    /// The component's name, which is its folder's name in diffusers' layout: `text_encoder`.
    var component: String { get }
    var library: NetworkLibrary { get }
    /// The class names, sorted.
    var classNames: [String] { get }
    /// The network of the class and the parameters in `config`.
    /// - Throws: `ArchitectureError.unknownClass` for a class of another kind; errors of the class's config.
    func makeAny(_ config: ConfigReader) throws -> any Sendable
}

/// The classes of one kind of network, by name.
public struct NetworkClasses<Network: Sendable>: NetworkKind {
    public typealias Make = @Sendable (ConfigReader) throws -> Network

    public let component: String
    public let library: NetworkLibrary
    private let makers: [String: Make]

    init(_ component: String, _ library: NetworkLibrary, _ makers: [String: Make]) {
        self.component = component
        self.library = library
        self.makers = makers
    }

    public var classNames: [String] { makers.keys.sorted() }

    public func makeAny(_ config: ConfigReader) throws -> any Sendable { try Registry.make(config, from: self) }

    fileprivate subscript(className: String) -> Make? { makers[className] }
}

/// All supported classes, by kind. A new class needs a line here; a new kind needs a constant in `all`.
public enum Registry {
    public static let textEncoders = NetworkClasses<CLIPTextModel>(
        "text_encoder", .transformers,
        [
            CLIPTextConfig.className: { CLIPTextModel(try CLIPTextConfig($0)) },
            "CLIPTextModelWithProjection": { CLIPTextModel(try CLIPTextConfig($0)) },
        ])

    public static let imageEncoders = NetworkClasses<CLIPVisionModel>(
        "image_encoder", .transformers,
        ["CLIPVisionModelWithProjection": { CLIPVisionModel(try CLIPVisionConfig($0)) }])

    public static let speechRecognizers = NetworkClasses<WhisperModel>(
        "speech_recognizer", .transformers, [WhisperConfig.className: { WhisperModel(try WhisperConfig($0)) }])

    public static let unets = NetworkClasses<UNet2DConditionModel>(
        "unet", .diffusers,
        [UNet2DConditionConfig.className: { UNet2DConditionModel(try UNet2DConditionConfig($0)) }])

    public static let autoencoders = NetworkClasses<any LatentAutoencoder>(
        "vae", .diffusers,
        [
            AutoencoderKLConfig.className: { AutoencoderKL(try AutoencoderKLConfig($0)) },
            AutoencoderTinyConfig.className: { AutoencoderTiny(try AutoencoderTinyConfig($0)) },
        ])

    public static let all: [any NetworkKind] = [textEncoders, imageEncoders, speechRecognizers, unets, autoencoders]

    /// The kind of network of a library's class.
    /// - Parameter file: the config's name in errors.
    /// - Throws: `ArchitectureError.unknownClass`, with the library's known classes.
    public static func kind(
        of className: String, in library: NetworkLibrary, file: String
    ) throws(ArchitectureError) -> any NetworkKind {
        let kinds = all.filter { $0.library == library }
        guard let kind = kinds.first(where: { $0.classNames.contains(className) }) else {
            throw .unknownClass(className, file: file, known: kinds.flatMap(\.classNames).sorted())
        }
        return kind
    }

    /// The network of the config's class.
    /// - Throws: `ArchitectureError.unknownClass` for a class of another kind; errors of the class's config.
    public static func make<Network>(_ config: ConfigReader, from classes: NetworkClasses<Network>) throws -> Network {
        guard let make = classes[config.className] else {
            throw ArchitectureError.unknownClass(config.className, file: config.file, known: classes.classNames)
        }
        return try make(config)
    }
}
