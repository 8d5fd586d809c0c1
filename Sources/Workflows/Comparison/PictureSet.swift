public import Evaluation
import Foundation
public import Inference
public import TensorStore

/// A set of pictures for the Fréchet distance.
public enum PictureSet {
    /// Paths, sorted by name.
    case pictures([String])
    /// Precomputed mean and covariance of the features.
    case moments(FeatureMoments)

    /// Those of pytorch-fid that can be read.
    private static let extensions: Set = ["bmp", "jpg", "jpeg", "png", "tif", "tiff", "webp"]

    /// A folder, without its subfolders, or saved moments: `mu` `[n]` and `sigma` `[n, n]` in f64.
    /// - Throws: `PictureSetError`; `SafetensorsError`, `TensorError`, `EvaluationError` for damaged moments.
    public init(_ path: String) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { throw PictureSetError.missing(path) }
        guard isFolder.boolValue else {
            self = .moments(try Self.moments(path))
            return
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        let found = names.filter { Self.extensions.contains(URL(filePath: $0).pathExtension.lowercased()) }
        guard found.count >= 2 else { throw PictureSetError.tooFew(path, count: found.count) }
        self = .pictures(found.map { URL(filePath: path).appending(path: $0).relativePath })
    }

    private static func moments(_ path: String) throws -> FeatureMoments {
        let kind = FileKind(try MappedFile(path: path))
        guard kind == .safetensors else { throw PictureSetError.unknown(path, kind) }
        let file = try SafetensorsCheckpoint(path: path)
        return try FeatureMoments(
            mean: file.tensor(named: "mu").elements(), covariance: file.tensor(named: "sigma").elements())
    }

    public var count: Int? { if case .pictures(let paths) = self { paths.count } else { nil } }

    /// Measures the Fréchet distance of two sets.
    /// - Parameters:
    ///   - paths: two sets, each as for `init`.
    ///   - inception: the weights of pytorch-fid's network, see `InceptionFeatureExtractor.init`; read only if a set has pictures.
    ///   - save: a .safetensors file for the moments of the first set; nil for none.
    /// - Throws: as `init`, `InceptionFeatureExtractor` and `FrechetDistance.between`; `CancellationError`.
    public static func distance(
        _ paths: (String, String), inception: String, batch: Int = 8, save: String? = nil, compile: CompileOptions,
        progress: (WorkProgress) -> Void = { _ in }
    ) async throws -> PictureSetDistance {
        let names = [paths.0, paths.1]
        let sets = try names.map(PictureSet.init)
        var features: InceptionFeatureExtractor?
        var moments: [FeatureMoments] = []
        for (name, set) in zip(names, sets) {
            switch set {
            case .moments(let saved): moments.append(saved)
            case .pictures(let files):
                let network =
                    try features ?? InceptionFeatureExtractor(weights: inception, compile.withExactDefault, batch: batch)
                features = network
                progress(.phase("pictures of \(name)", count: files.count))
                moments.append(try await network.moments(of: files) { progress(.step) })
            }
        }
        let distance = try FrechetDistance.between(moments[0], moments[1])
        if let save { try Self.save(moments[0], to: save) }
        return PictureSetDistance(fid: distance, pictures: sets.map(\.count))
    }

    public static func save(_ moments: FeatureMoments, to path: String) throws {
        let n = moments.featureCount
        var writer = SafetensorsWriter()
        try writer.add("mu", Tensor(moments.mean, shape: [n]))
        try writer.add("sigma", Tensor(moments.covariance(), shape: [n, n]))
        try writer.write(to: path)
    }
}

/// The Fréchet distance between two sets of pictures.
public struct PictureSetDistance: Encodable, Sendable {
    public let fid: Double
    /// The number of pictures in each set; nil for saved moments.
    public let pictures: [Int?]
}

/// An error in a path to a set of pictures.
public enum PictureSetError: Error, Equatable, CustomStringConvertible {
    case missing(String)
    case unknown(String, FileKind)
    case tooFew(String, count: Int)

    public var description: String {
        switch self {
        case .missing(let path): "There is no folder of pictures at \(path)."
        case .unknown(let path, let kind):
            "\(path) is neither a folder of pictures nor moments in a safetensors file: it is \(kind)."
        case .tooFew(let path, let count):
            "\(path) has \(count == 0 ? "no" : "one") picture\(count == 0 ? "s" : "") (PNG, JPEG, WebP, TIFF or BMP); a distance needs 2 or more."
        }
    }
}
