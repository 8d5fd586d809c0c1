/// An error in a model's safety checker.
public enum SafetyCheckerError: Error, Equatable, Sendable {
    /// The weights exist only as a PyTorch pickle.
    case pickledWeights(file: String)
    /// The preprocessed size differs from the network's input size, or the network does not take colour pictures.
    case pictureSize(width: Int, height: Int, imageSize: Int, channels: Int, file: String)
}

extension SafetyCheckerError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .pickledWeights(let file):
            "The safety checker's weights are a pickle, \(file), which is not read here; put model.safetensors beside it, "
                + "or draw without the safety checker."
        case .pictureSize(let width, let height, let imageSize, let channels, let file):
            "\(file) prepares pictures of \(width)×\(height) in 3 channels; the safety checker takes \(imageSize)×\(imageSize) "
                + "in \(channels)."
        }
    }
}
