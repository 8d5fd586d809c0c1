import Foundation
import Imaging
import TensorStore
import TestSupport

/// Files of `Tests/Goldens/Imaging` (Pillow 13.0, diffusers 0.42.1).
enum Fixtures {
    static func path(_ name: String) -> String { Goldens.url("Imaging/\(name)").path }
    static func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: Goldens.url("Imaging/\(name)"))) }

    /// The pixels in `NAME.ppm`.
    static func pixels(_ name: String) throws -> RGBImage {
        let bytes = try bytes("\(name).ppm")
        // P6, width, height and 255, each followed by one white space.
        let fields = bytes.split(maxSplits: 4, omittingEmptySubsequences: false) { $0 == 0x20 || $0 == 0x0A }
        guard fields.count == 5, let width = Int(text(fields[1])), let height = Int(text(fields[2])) else {
            throw ImageError.notAPicture(file: name, found: Array(bytes.prefix(16)))
        }
        return try RGBImage(width: width, height: height, bytes: Array(fields[4]))
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    /// A picture of random pixels from a seed.
    static func noise(width: Int, height: Int, seed: UInt64 = 1) throws -> RGBImage {
        var generator = SplitMix64(state: seed)
        let bytes = (0..<width * height * 3).map { _ in UInt8.random(in: 0...255, using: &generator) }
        return try RGBImage(width: width, height: height, bytes: bytes)
    }

    /// A picture as smooth as a photograph out of focus, for lossy formats.
    static func gradient(width: Int, height: Int) throws -> RGBImage {
        var image = try RGBImage(width: width, height: height)
        for y in 0..<height {
            for x in 0..<width {
                image[x, y] = RGBPixel(
                    red: UInt8(x * 255 / width), green: UInt8(y * 255 / height), blue: UInt8((x + y) * 255 / (width + height)))
            }
        }
        return image
    }

    /// Runs `body` with the path of an empty folder, and deletes it afterwards.
    static func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "imaging-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }
}

/// A random number generator with a fixed seed.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

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
