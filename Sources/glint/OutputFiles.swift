import ArgumentParser
import Diffusion
import Foundation
import Imaging

enum PictureFormat: String, ExpressibleByArgument, CaseIterable { case png, jpeg }

struct OutputOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "A file, or a folder for files named after the text. (default: ./<text>-<seed>.png)")
    var output: String?
    @Option(help: "png or jpeg. (default: by the output's name, else png)") var format: PictureFormat?
    @Option(help: "Quality of JPEG, 1 to 100.") var quality = 95

    func validate() throws {
        if output?.isEmpty == true { throw ValidationError("--output must name a file or a folder; it is empty.") }
        if !(1...100).contains(quality) { throw ValidationError("--quality must be from 1 to 100; it is \(quality).") }
    }
}

/// A picture that is on disk.
struct DrawnPicture: Codable, Sendable {
    let path: String
    let prompt: String
    let seed: UInt64?
    let width: Int
    let height: Int
    /// Encoding and writing the file.
    let writeSeconds: Double

    enum CodingKeys: String, CodingKey {
        case path, prompt, seed, width, height
        case writeSeconds = "write_seconds"
    }
}

/// Where pictures go.
struct OutputFiles {
    private let encoding: ImageEncoding
    private let paths: [String]

    init(_ options: OutputOptions, recipe: Recipe, count: Int) throws {
        let named = options.output.map { URL(filePath: $0).pathExtension.lowercased() } ?? ""
        let format = options.format ?? (["jpg", "jpeg"].contains(named) ? .jpeg : .png)
        encoding = format == .png ? .png() : .jpeg(quality: options.quality)
        let fileExtension = encoding.format.fileExtension
        paths = (0..<count).map { index in
            let seed = recipe.seed &+ UInt64(index)
            let standard = "\(Self.slug(recipe.prompt))-\(seed).\(fileExtension)"
            guard let output = options.output else { return standard }
            if Self.isFolder(output) { return URL(filePath: output).appending(path: standard).relativePath }
            guard count > 1 else { return output }
            let url = URL(filePath: output)
            let stem = url.deletingPathExtension().relativePath
            return "\(stem)-\(seed).\(url.pathExtension.isEmpty ? fileExtension : url.pathExtension)"
        }
    }

    /// Refuses what can't be written, before any work is done for it.
    func check() throws {
        for path in paths { try checkWritable(path: path) }
    }

    func write(_ picture: GeneratedPicture, recipe: Recipe) throws -> DrawnPicture {
        let start = ContinuousClock.now
        let path = paths[picture.index]
        try picture.image.write(to: path, as: encoding, metadata: recipe.metadata(for: picture))
        return DrawnPicture(
            path: path, prompt: picture.prompt, seed: picture.seed, width: picture.image.width, height: picture.image.height,
            writeSeconds: (ContinuousClock.now - start).seconds)
    }

    private static func isFolder(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return path.hasSuffix("/")
            || FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    /// A text as part of a file's name: letters and digits of any script, the rest as dashes, less than 60 characters
    /// and, as file systems count, 200 bytes.
    static func slug(_ text: String) -> String {
        let words = text.lowercased().split { !$0.isLetter && !$0.isNumber }
        var slug = ""
        for word in words {
            guard slug.count + word.count < 60, slug.utf8.count + word.utf8.count < 200 else { break }
            slug += slug.isEmpty ? word : "-" + word
        }
        return slug.isEmpty ? "picture" : slug
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
