/// Why a folder is no model that can be run.
public enum ModelError: Error, Equatable, Sendable {
    /// There is nothing, or no folder, at the path.
    case missing(path: String)
    /// The folder has no `model_index.json`. `hint` says what it seems to be.
    case noModel(path: String, hint: String)
    case malformed(file: String, reason: String)
    case unknownPipeline(String, file: String, known: [String])
    /// The pipeline needs a part that the model does not have.
    case missingComponent(String, file: String)
    /// A component has no weights that are read here; `found` lists the files that are there.
    case noWeights(folder: String, found: [String])
    /// A folder that a model is to be written to holds something already.
    case exists(path: String)
}

extension ModelError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let path): "There is no model folder at \(path)."
        case .noModel(let path, let hint): "\(path) is no model in diffusers' layout: it has no model_index.json\(hint)."
        case .malformed(let file, let reason): "\(file): \(reason)."
        case .unknownPipeline(let name, let file, let known):
            "\(file): pipelines of the class '\(name)' are not supported; supported are \(known.joined(separator: ", "))."
        case .missingComponent(let name, let file): "\(file): the pipeline needs a '\(name)', which the model does not have."
        case .noWeights(let folder, let found):
            "\(folder) has no .safetensors weights\(found.isEmpty ? "" : "; it has \(found.joined(separator: ", "))")."
        case .exists(let path): "\(path) is there already; give a new folder, or remove it first."
        }
    }
}
