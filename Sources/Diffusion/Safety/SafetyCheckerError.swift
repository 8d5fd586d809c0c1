/// Why a model's safety checker can't be used.
public enum SafetyCheckerError: Error, Equatable, Sendable {
    /// Its weights are there as PyTorch's pickle alone.
    case pickledWeights(file: String)
    /// Pictures are prepared at another size than the network takes, or the network does not take colours.
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
