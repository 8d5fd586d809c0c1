import Inference
import ModelLoading

/// The networks of a model that are in memory, for the sizes that were last asked for.
final class LoadedNetworks {
    private let model: LatentDiffusionModel
    private let compiler: NetworkCompiler
    private var texts: TextEncodingStage?
    private var encoder: Encoder?
    private var denoisers: [Denoiser] = []
    private var decoder: Decoder?
    private var previewDecoder: Decoder?
    private var checker: SafetyChecker?

    /// UNets of different sizes that are kept; the one used longest ago goes first.
    private static let keptDenoisers = 2

    init(_ model: LatentDiffusionModel, _ compiler: NetworkCompiler) {
        self.model = model
        self.compiler = compiler
    }

    /// Lets go of all of them.
    func release() {
        texts = nil
        encoder = nil
        denoisers = []
        decoder = nil
        previewDecoder = nil
        checker = nil
    }

    var textEncoder: TextEncodingStage {
        let stage = texts ?? TextEncodingStage(model, compiler)
        texts = stage
        return stage
    }

    func encoder(_ size: PictureSize, _ log: TimingLog) throws -> Encoder {
        if let encoder, encoder.size == size { return encoder }
        encoder = nil
        let loaded = try Encoder(model.encoder(), size, compiler, log)
        encoder = loaded
        return loaded
    }

    /// - Parameters:
    ///   - keeps: whether it is to serve other prompts later.
    ///   - kinds: UNets of different precision that a request uses.
    func denoiser(
        _ precision: UNetPrecision, _ size: Denoiser.Size, keeps: Bool, _ log: TimingLog, donor: Denoiser?, kinds: Int
    ) throws -> Denoiser {
        // One that takes its conditions from another can't serve without it.
        func fits(_ other: Denoiser) -> Bool {
            other.size == size && other.precision == precision && (!other.isDonated || donor != nil)
        }
        if let index = denoisers.firstIndex(where: fits) {
            let found = denoisers.remove(at: index)
            denoisers.append(found)
            return found
        }
        // Room first: two networks of this size seldom fit side by side.
        denoisers.removeFirst(max(denoisers.count - Self.keptDenoisers * kinds + 1, 0))
        let denoiser = try Denoiser(model, precision, size, compiler, log, keepsConditioning: keeps, donor: donor)
        denoisers.append(denoiser)
        return denoiser
    }

    /// - Parameter loading: called where it is not in memory yet.
    func decoder(_ size: PictureSize, _ log: TimingLog, loading: () throws -> Void) throws -> Decoder {
        if let decoder, decoder.size == size { return decoder }
        try loading()
        decoder = nil
        let loaded = try Decoder(model.vaeDecoder, size, compiler, log)
        decoder = loaded
        return loaded
    }

    /// What shows previews: the decoder itself where the model has no smaller one.
    func previewDecoder(_ size: PictureSize, _ log: TimingLog, loading: () throws -> Void) throws -> Decoder {
        guard let network = model.previewDecoder else { return try decoder(size, log, loading: loading) }
        if let previewDecoder, previewDecoder.size == size { return previewDecoder }
        let loaded = try Decoder(network, size, compiler, log, name: "preview decoder")
        previewDecoder = loaded
        return loaded
    }

    func safetyChecker(_ log: TimingLog) throws -> SafetyChecker {
        let loaded = try checker ?? SafetyChecker(model.safetyChecker(), compiler, log)
        checker = loaded
        return loaded
    }
}
