import Foundation
import ModelGraph
import Quantization
import TensorStore
import TestSupport
import Testing

/// Weights of networks whose activations are quantized too, against `nncf.quantize` 3.4.0 on the model of `GoldenTests`.
@Suite struct QuantizedNetworkGoldenTests {
    @Test(arguments: [(WeightMode.int8Narrow, "narrow"), (.int8HalfRange, "half")]) func integersAndScalesAreNNCFs(
        mode: WeightMode, name: String
    ) throws {
        let graph = try IRReader.read(path: Goldens.url("Quantization/original.xml").path)
        let (compressed, _) = try WeightCompression(WeightCompressionOptions(mode: mode)).apply(to: graph)
        let file = try SafetensorsFile(path: Goldens.url("Quantization/int8.safetensors").path)
        var compared = 0
        for entry in file.entries where entry.name.hasPrefix("\(name)/") {
            let constant = String(entry.name.dropFirst(name.count + 1))
            let node = try #require(compressed.nodes.first { $0.name == constant && $0.type == "Const" }, "\(constant)")
            let bytes = try #require(node.constant).withUnsafeBytes { Array($0) }
            let reference = try entry.tensor()
            #expect(node.outputs[0].shape == PartialShape(reference.shape), "\(constant)")
            if reference.elementType == .f32 {
                let scales = bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
                for (mine, theirs) in zip(scales, try reference.elements(as: Float.self)) {
                    #expect(abs(mine - theirs) <= 2 * theirs.ulp, "\(constant)")
                }
            } else {
                let codes = bytes.map { Int8(bitPattern: $0) }
                let scale = try #require(file.entries.first { $0.name == "\(entry.name)/scale" }).tensor()
                try compare(codes, reference, scale, try weights(graph, constant), constant)
                compared += 1
            }
        }
        #expect(compared == (mode == .int8Narrow ? 8 : 3))
    }

    /// The same integers, but for weights midway between two, where the last bit of a division decides.
    private func compare(_ codes: [Int8], _ reference: Tensor, _ scale: Tensor, _ weights: [Float], _ name: String) throws {
        let theirs = try reference.elements(as: Int8.self)
        let scales = try scale.elements(as: Float.self)
        #expect(codes.count == theirs.count && weights.count == codes.count)
        let inner = scale.shape[0] == 1 ? reference.shape[1] : 1
        let depth = codes.count / scales.count
        var ties = 0
        for index in codes.indices where codes[index] != theirs[index] {
            let exact = weights[index] / scales[inner == 1 ? index / depth : index % inner]
            let distances = [abs(exact - Float(codes[index])), abs(exact - Float(theirs[index]))]
            #expect(distances.allSatisfy { abs($0 - 0.5) < 1e-4 }, "\(name) \(index): \(exact)")
            ties += 1
        }
        #expect(ties <= codes.count / 100, "\(name)")
    }

    private func weights(_ graph: Graph, _ name: String) throws -> [Float] {
        let node = try #require(graph.nodes.first { $0.name == name })
        let bytes = try #require(node.constant).withUnsafeBytes { Array($0) }
        return bytes.withUnsafeBytes { bytes in
            node.outputs[0].elementType == .f32
                ? Array(bytes.bindMemory(to: Float.self)) : bytes.bindMemory(to: UInt16.self).map(HalfPrecision.float(f16:))
        }
    }
}
