import Foundation
import Quantization

/// What `glint quantize` made: sizes on disk by network, and what became of the layers.
struct QuantizeReport: Encodable {
    let output: String
    let seconds: Double
    let networks: [Network]
    let peakMemoryBytes: Int?

    struct Network: Encodable {
        let name: String
        /// Of the weights' files.
        let bytesBefore: Int
        let bytesAfter: Int
        let int8Layers: Int?
        let weightLayers: Int?
        let floatLayers: Int?

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

    init(source: URL, output: URL, _ reports: [String: QuantizationReport], seconds: Double) throws {
        self.output = output.path
        self.seconds = seconds
        peakMemoryBytes = ProcessMemory.peakBytes
        // An autoencoder is two networks in IR and one in a checkpoint.
        func bytes(_ folders: [String], in model: URL) -> Int {
            folders.reduce(0) { $0 + (weightBytes(in: model.appending(path: $1)) ?? 0) }
        }
        networks = [("text_encoder", ["text_encoder"]), ("unet", ["unet"]), ("vae", ["vae", "vae_decoder", "vae_encoder"])].map {
            name, folders in
            let report = reports[name == "vae" ? "vae_decoder" : name]
            return Network(
                name: name, bytesBefore: bytes(folders, in: source), bytesAfter: bytes(folders, in: output),
                int8Layers: report?.count(.int8), weightLayers: report?.count(.weights), floatLayers: report?.count(.float))
        }
    }

    var table: String {
        var table = TextTable(columns: ["", "before", "after", "rate", "INT8", "weights only", "float"])
        for network in networks {
            func text(_ count: Int?) -> String { count.map { "\($0)" } ?? "" }
            table.add([
                network.name, format(bytes: network.bytesBefore), format(bytes: network.bytesAfter),
                network.bytesAfter > 0 ? String(format: "%.2f×", Double(network.bytesBefore) / Double(network.bytesAfter)) : "",
                text(network.int8Layers), text(network.weightLayers), text(network.floatLayers),
            ])
        }
        return "\(table.text)\n\n\(output) in \(format(seconds: seconds))"
            + (peakMemoryBytes.map { ", peak memory \(format(bytes: $0))" } ?? "")
    }
}

/// What the weights in a folder take on disk; nil where there are none.
func weightBytes(in folder: URL) -> Int? {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let weights = files.filter { $0.hasSuffix(".safetensors") || $0.hasSuffix(".bin") }
    guard !weights.isEmpty else { return nil }
    return weights.reduce(0) { sum, name in
        let path = folder.appending(path: name).resolvingSymlinksInPath().path
        return sum + ((try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0)
    }
}
