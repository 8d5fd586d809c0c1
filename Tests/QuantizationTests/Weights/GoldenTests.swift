import Foundation
import ModelGraph
import Quantization
import TensorStore
import TestSupport
import Testing

/// Against `nncf.compress_weights` 3.4.0 on a small model read from IR.
@Suite struct GoldenTests {
    static let cases: [(String, WeightCompressionOptions)] = {
        func options(
            _ mode: WeightMode, _ size: Int? = nil, _ change: (inout WeightCompressionOptions) -> Void = { _ in }
        ) -> WeightCompressionOptions {
            var options = WeightCompressionOptions(mode: mode, groupSize: size)
            options.groupFallback = .keep
            change(&options)
            return options
        }
        return [
            ("int8_sym", options(.int8Symmetric)), ("int8_asym", options(.int8Asymmetric)),
            ("int4_sym", options(.int4Symmetric, 32)), ("int4_asym", options(.int4Asymmetric, 32)), ("nf4", options(.nf4, 32)),
            ("int4_sym_channel", options(.int4Symmetric) { $0.groupSize = nil }),
            ("int4_sym_all", options(.int4Symmetric, 32) { $0.allLayers = true }),
            ("int4_asym_half", options(.int4Asymmetric, 32) { $0.ratio = 0.6 }),
            (
                "int4_sym_adjust",
                options(.int4Symmetric, 64) {
                    $0.groupFallback = .adjust
                    $0.minimumGroupSize = 16
                }
            ),
        ]
    }()

    @Test(arguments: cases.indices) func integersAndScalesAreNNCFs(index: Int) throws {
        let (name, options) = Self.cases[index]
        let graph = try IRReader.read(path: Goldens.url("Quantization/original.xml").path)
        let (compressed, report) = try WeightCompression(options).apply(to: graph)
        let data = try Data(contentsOf: Goldens.url("Quantization/nncf.json"))
        let types = try #require(try JSONDecoder().decode([String: [String: String]].self, from: data)[name])
        let file = try SafetensorsFile(path: Goldens.url("Quantization/nncf.safetensors").path)
        var found: Set<String> = []
        for node in compressed.nodes where node.type == "Const" && node.name.contains(".weight") {
            guard !node.name.hasSuffix("/Const") else { continue }
            found.insert(node.name)
            let shape = try #require(node.outputs[0].shape.fixed)
            let type = "\(node.outputs[0].elementType) \(shape)"
            #expect(type == types[node.name], "\(node.name)")
            let entry =
                file.entries.first { $0.name == "\(name)/\(node.name)" }
                ?? file.entries.first { $0.name == "int8_asym/\(node.name)" }
            guard !type.hasPrefix("f32") else { continue }
            let reference = try #require(entry).tensor().elements(as: UInt8.self)
            let mine = try #require(node.constant).withUnsafeBytes { Array($0) }
            if node.name.hasSuffix("/scale") {
                #expect(ulps(mine, reference) <= 1, "\(node.name)")
            } else {
                #expect(mine == reference, "\(node.name)")
            }
        }
        #expect(found == Set(types.keys.filter { !$0.contains("reshape") }))
        #expect(report.layers.allSatisfy { $0.relativeError > 0 && $0.relativeError < ($0.mode.is4Bit ? 0.2 : 0.02) })
    }

    /// The largest distance of two f16 numbers at one place, in steps of the last bit.
    private func ulps(_ a: [UInt8], _ b: [UInt8]) -> Int {
        guard a.count == b.count else { return .max }
        return stride(from: 0, to: a.count, by: 2).reduce(0) { worst, at in
            let (x, y) = (Int(a[at]) | Int(a[at + 1]) << 8, Int(b[at]) | Int(b[at + 1]) << 8)
            return max(worst, x & 0x8000 == y & 0x8000 ? abs(x - y) : .max)
        }
    }
}
