public import ModelGraph
public import TensorStore

/// The output of an encoder of pictures.
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
    /// The factor of latents: multiplied after encoding, divided by before decoding.
    var scalingFactor: Double { get }
    /// The encoder's output.
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

/// Libraries whose classes configs name. Each has its own names for files of weights.
public enum NetworkLibrary: String, Sendable {
    case diffusers, transformers
}

/// A kind of network: the classes that can play one part in a model.
public protocol NetworkKind: Sendable {
    /// The part's name, which is its folder's name in diffusers' layout: `text_encoder`.
    var component: String { get }
    var library: NetworkLibrary { get }
    /// The names of the classes, sorted.
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

/// All classes that configs may name, by kind. A new class is a line here; a new kind is a constant in `all`.
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

    public static let unets = NetworkClasses<UNet2DConditionModel>(
        "unet", .diffusers,
        [UNet2DConditionConfig.className: { UNet2DConditionModel(try UNet2DConditionConfig($0)) }])

    public static let autoencoders = NetworkClasses<any LatentAutoencoder>(
        "vae", .diffusers,
        [
            AutoencoderKLConfig.className: { AutoencoderKL(try AutoencoderKLConfig($0)) },
            AutoencoderTinyConfig.className: { AutoencoderTiny(try AutoencoderTinyConfig($0)) },
        ])

    public static let all: [any NetworkKind] = [textEncoders, imageEncoders, unets, autoencoders]

    /// The kind of network that a library's class is of.
    /// - Parameter file: the config's name, for errors.
    /// - Throws: `ArchitectureError.unknownClass`, with the library's classes that are known.
    public static func kind(
        of className: String, in library: NetworkLibrary, file: String
    ) throws(ArchitectureError) -> any NetworkKind {
        let kinds = all.filter { $0.library == library }
        guard let kind = kinds.first(where: { $0.classNames.contains(className) }) else {
            throw .unknownClass(className, file: file, known: kinds.flatMap(\.classNames).sorted())
        }
        return kind
    }

    /// The network of the class that `config` is of.
    /// - Throws: `ArchitectureError.unknownClass` for a class of another kind; errors of the class's config.
    public static func make<Network>(_ config: ConfigReader, from classes: NetworkClasses<Network>) throws -> Network {
        guard let make = classes[config.className] else {
            throw ArchitectureError.unknownClass(config.className, file: config.file, known: classes.classNames)
        }
        return try make(config)
    }
}
