import Imaging
import TensorStore

/// Pictures in a file of `Tests/Goldens/Imaging` (Pillow 13.0).
struct PixelGoldens {
    let checkpoint: SafetensorsCheckpoint

    init(_ file: String) throws { checkpoint = try SafetensorsCheckpoint(path: Fixtures.path(file)) }

    /// Names that begin with `prefix`, without it.
    func names(after prefix: String) -> [String] {
        checkpoint.entries.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }.sorted()
    }

    func tensor(_ name: String) throws -> Tensor { try checkpoint.tensor(named: name) }

    /// `[H, W, 3]`.
    func picture(_ name: String) throws -> RGBImage {
        let tensor = try tensor(name)
        return try RGBImage(width: tensor.shape[1], height: tensor.shape[0], bytes: tensor.elements())
    }

    /// `[H, W]`.
    func gray(_ name: String) throws -> GrayImage {
        let tensor = try tensor(name)
        return try GrayImage(width: tensor.shape[1], height: tensor.shape[0], bytes: tensor.elements())
    }
}
