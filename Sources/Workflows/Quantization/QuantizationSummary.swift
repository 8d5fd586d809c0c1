import Foundation
import Inference
import Quantization

/// The result of a quantization: sizes on disk by network, and the numbers of layers by precision.
public struct QuantizationSummary: Encodable, Sendable {
    public let output: String
    public let seconds: Double
    public let networks: [Network]
    public let peakMemoryBytes: Int?

    public struct Network: Encodable, Sendable {
        public let name: String
        /// The size of the weight files.
        public let bytesBefore: Int
        public let bytesAfter: Int
        public let int8Layers: Int?
        public let weightLayers: Int?
        public let floatLayers: Int?

        init(_ name: String, before: Int, after: Int, _ report: QuantizationReport?) {
            self.name = name
            (bytesBefore, bytesAfter) = (before, after)
            int8Layers = report?.count(.int8)
            weightLayers = report?.count(.weights)
            floatLayers = report?.count(.float)
        }

        enum CodingKeys: String, CodingKey {
            case name
            case bytesBefore = "bytes_before"
            case bytesAfter = "bytes_after"
            case int8Layers = "int8_layers"
            case weightLayers = "weight_layers"
            case floatLayers = "float_layers"
        }
    }

    enum CodingKeys: String, CodingKey {
        case output, seconds, networks
        case peakMemoryBytes = "peak_memory_bytes"
    }

    init(output: URL, _ networks: [Network], seconds: Double) {
        self.output = output.path
        self.seconds = seconds
        self.networks = networks
        peakMemoryBytes = ProcessMemory.peakBytes
    }

    init(source: URL, output: URL, _ reports: [String: QuantizationReport], seconds: Double) {
        // An autoencoder is two networks in IR and one in a checkpoint.
        func bytes(_ folders: [String], in model: URL) -> Int {
            folders.reduce(0) { $0 + (weightBytes(in: model.appending(path: $1)) ?? 0) }
        }
        let parts = [("text_encoder", ["text_encoder"]), ("unet", ["unet"]), ("vae", ["vae", "vae_decoder", "vae_encoder"])]
        let networks = parts.map { name, folders in
            Network(
                name, before: bytes(folders, in: source), after: bytes(folders, in: output),
                reports[name == "vae" ? "vae_decoder" : name])
        }
        self.init(output: output, networks, seconds: seconds)
    }
}

/// The size of the weights in a folder in bytes; nil where there are none.
private func weightBytes(in folder: URL) -> Int? {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let weights = files.filter { $0.hasSuffix(".safetensors") || $0.hasSuffix(".bin") }
    guard !weights.isEmpty else { return nil }
    return weights.reduce(0) { sum, name in
        let path = folder.appending(path: name).resolvingSymlinksInPath().path
        return sum + ((try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0)
    }
}
