public import Foundation

/// Folders with material that is not in the repository. Tests that need one are skipped if its variable is not set.
public enum OptionalMaterial: String, Sendable {
    /// Published models, one per subfolder, such as `taesd` (madebyollin/taesd).
    case models = "GLINT_TEST_MODELS"
    /// Photographs, as JPEG.
    case photos = "GLINT_TEST_PHOTOS"

    /// The folder; nil if the variable is not set.
    public var folder: URL? {
        ProcessInfo.processInfo.environment[rawValue].flatMap { $0.isEmpty ? nil : URL(filePath: $0) }
    }
}
