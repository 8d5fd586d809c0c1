import Adapters
import Inference
import ModelLoading

/// The networks of a model that are in memory, for the most recent sizes.
final class LoadedNetworks {
    private let model: LatentDiffusionModel
    let options: CompileOptions
    private var texts: TextEncodingStage?
    private var encoder: LatentEncoder?
    private var denoisers: [Denoiser] = []
    private var decoder: LatentDecoder?
    private var previewDecoder: LatentDecoder?
    private var checker: SafetyChecker?
    /// Timings of released networks.
    private var timings: [NetworkTimings] = []
    private var adaptations: [LoRAReport] = []

    /// The number of UNets of different sizes to keep; the least recently used one is released first.
    private static let keptDenoisers = 2

    init(_ model: LatentDiffusionModel, _ options: CompileOptions) {
        self.model = model
        self.options = options
    }

    /// Releases all networks.
    func release() {
        collect()
        texts = nil
        encoder = nil
        denoisers = []
        decoder = nil
        previewDecoder = nil
        checker = nil
    }

    // MARK: Networks

    var textEncoder: TextEncodingStage {
        let stage = texts ?? TextEncodingStage(model, options)
        texts = stage
        return stage
    }

    func encoder(_ size: OutputSize) throws -> LatentEncoder {
        if let encoder, encoder.size == size { return encoder }
        collect()
        encoder = nil
        let loaded = try LatentEncoder(model.encoder(), size, options)
        encoder = loaded
        return loaded
    }

    /// - Parameters:
    ///   - keeps: whether the UNet is kept for other prompts.
    ///   - kinds: the number of UNets of different precision that a request uses.
    func denoiser(
        _ precision: UNetPrecision, _ size: Denoiser.Size, keeps: Bool, donor: Denoiser?, kinds: Int
    ) throws -> Denoiser {
        // A UNet that takes its conditions from another one can't be used without it.
        func fits(_ other: Denoiser) -> Bool {
            other.size == size && other.precision == precision && (!other.isDonated || donor != nil)
        }
        if let index = denoisers.firstIndex(where: fits) {
            let found = denoisers.remove(at: index)
            denoisers.append(found)
            return found
        }
        // Release first: two networks of this size seldom fit into memory side by side.
        collect()
        denoisers.removeFirst(max(denoisers.count - Self.keptDenoisers * kinds + 1, 0))
        let denoiser = try Denoiser(model, precision, size, options, keepsConditioning: keeps, donor: donor)
        if let adaptation = denoiser.adaptation { adaptations.append(adaptation) }
        denoisers.append(denoiser)
        return denoiser
    }

    /// - Parameter loading: called before the decoder is loaded, if it is not in memory.
    func decoder(_ size: OutputSize, loading: () throws -> Void) throws -> LatentDecoder {
        if let decoder, decoder.size == size { return decoder }
        try loading()
        collect()
        decoder = nil
        let loaded = try LatentDecoder(model.vaeDecoder, size, options)
        decoder = loaded
        return loaded
    }

    /// The decoder for previews: the model's smaller one, or the decoder itself.
    func previewDecoder(_ size: OutputSize, loading: () throws -> Void) throws -> LatentDecoder {
        guard let network = model.previewDecoder else { return try decoder(size, loading: loading) }
        if let previewDecoder, previewDecoder.size == size { return previewDecoder }
        collect()
        let loaded = try LatentDecoder(network, size, options, name: "preview decoder")
        previewDecoder = loaded
        return loaded
    }

    func safetyChecker() throws -> SafetyChecker {
        let loaded = try checker ?? SafetyChecker(model.safetyChecker(), options)
        checker = loaded
        return loaded
    }

    // MARK: Records

    /// Timings since the last call, in the order in which networks are first used.
    func takeTimings() -> [NetworkTimings] {
        collect()
        defer { timings = [] }
        return timings
    }

    /// Reports of LoRAs in networks that were loaded since the last call, each once.
    func takeAdaptations() -> [LoRAReport] {
        collect()
        defer { adaptations = [] }
        return adaptations.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// Keeps the records of networks before these are released.
    private func collect() {
        if let texts {
            timings += texts.takeTimings()
            adaptations += texts.takeAdaptations()
        }
        timings += encoder?.takeTimings() ?? []
        timings += denoisers.flatMap { $0.takeTimings() }
        timings += previewDecoder?.takeTimings() ?? []
        timings += decoder?.takeTimings() ?? []
        timings += checker?.takeTimings() ?? []
    }
}
