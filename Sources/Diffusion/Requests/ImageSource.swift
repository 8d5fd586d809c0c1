import Foundation
public import Imaging

/// The source of a request's image.
public enum ImageSource: Sendable {
    /// The path of a PNG or JPEG file; `~` stands for the home folder.
    case file(String)
    /// A picture in memory; not written to JSON.
    case image(RGBImage)

    /// - Throws: `ImageError`, `FileError` for a file that can't be read.
    public func read() throws -> RGBImage {
        switch self {
        case .file(let path): try ImageFile(path: NSString(string: path).expandingTildeInPath).image
        case .image(let image): image
        }
    }
}
