/// An error in the files of a model.
public enum ModelError: Error, Equatable, Sendable {
    /// The path does not exist.
    case missing(path: String)
    /// The folder has no `model_index.json`. `hint` describes its likely kind.
    case noModel(path: String, hint: String)
    /// A file that is not a model of a supported kind; `reason` begins with "it".
    case notAModel(path: String, reason: String)
    case malformed(file: String, reason: String)
    case unknownPipeline(String, file: String, known: [String])
    /// The model lacks a component that the pipeline needs.
    case missingComponent(String, file: String)
    /// The single file lacks a component that the pipeline needs; `hint` names another source for it.
    case notInFile(String, file: String, hint: String)
    /// A component has no weights in a supported format; `found` lists its files.
    case noWeights(folder: String, found: [String])
    /// The output folder of a model is not empty.
    case exists(path: String)
    /// The file given as an autoencoder is not one; `reason` begins with "it".
    case noAutoencoder(path: String, reason: String)
    /// The autoencoder's latent family differs from the model's, according to `evidence`.
    case otherLatents(path: String, found: LatentFamily, needed: LatentFamily, evidence: String)
}

extension ModelError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let path): "There is no model at \(path)."
        case .noModel(let path, let hint): "\(path) is not a model in diffusers' layout: it has no model_index.json\(hint)."
        case .notAModel(let path, let reason): "\(path) is not a model that can be run: \(reason)."
        case .malformed(let file, let reason): "\(file): \(reason)."
        case .unknownPipeline(let name, let file, let known):
            "\(file): pipelines of the class '\(name)' are not supported; supported are \(known.joined(separator: ", "))."
        case .missingComponent(let name, let file): "\(file): the pipeline needs a '\(name)', which the model does not have."
        case .notInFile(let name, let file, let hint): "\(file) has no tensors of a '\(name)', which the pipeline needs; \(hint)."
        case .noWeights(let folder, let found):
            "\(folder) has no .safetensors weights\(found.isEmpty ? "" : "; it has \(found.joined(separator: ", "))")."
        case .exists(let path): "\(path) is there already; give a new folder, or remove it first."
        case .noAutoencoder(let path, let reason): "\(path) is not an autoencoder that can be used: \(reason)."
        case .otherLatents(let path, let found, let needed, let evidence):
            "\(path) is an autoencoder for \(found) (by \(evidence)); the model is of \(needed), whose latents it would "
                + "decode to other colours."
        }
    }
}
