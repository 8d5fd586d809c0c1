import Architectures
import Imaging
import ModelGraph
import TensorStore

extension Weights {
    /// The tensors of one file, of safetensors or a PyTorch state dict, whatever its name.
    /// - Throws: `SafetensorsError`, `TorchFileError`.
    init(file path: String) throws {
        let isTorch: Bool =
            switch FileKind(try MappedFile(path: path)) {
            case .torch, .pickle, .archive("zip"): true
            default: false
            }
        self =
            isTorch ? try TorchPickleFile(path: path).weights : Weights(try SafetensorsCheckpoint(path: path), source: path)
    }
}

extension Tensor {
    /// A tensor `[n, 3, height, width]` of pictures of one size.
    /// - Parameters:
    ///   - pictures: at least one.
    ///   - sample: maps a byte to the network's input value.
    static func planar(_ pictures: [RGBImage], sample: (UInt8) -> Float) throws -> Tensor {
        let (width, height) = (pictures[0].width, pictures[0].height)
        let plane = width * height
        let table = (UInt8.min...UInt8.max).map(sample)
        let samples = [Float](unsafeUninitializedCapacity: pictures.count * 3 * plane) { target, count in
            for (index, picture) in pictures.enumerated() {
                picture.bytes.withUnsafeBufferPointer { bytes in
                    for channel in 0..<3 {
                        let start = (index * 3 + channel) * plane
                        for pixel in 0..<plane { target[start + pixel] = table[Int(bytes[pixel * 3 + channel])] }
                    }
                }
            }
            count = pictures.count * 3 * plane
        }
        return try Tensor(samples, shape: [pictures.count, 3, height, width])
    }
}
