import Diffusion
import Foundation
@testable import Inference
import ModelGraph
import ModelLoading
import OpenVINO
import TensorStore
import TestSupport
import Testing

/// Establishes which constants a compiled network still reads: they are overwritten after compiling, kind by kind.
///
/// `GLINT_TEST_CONSTANTS=FOLDER` takes a model in place of the small ones, and prints each kind with its size.
@Suite(.serialized) struct ConstantMemoryTests {
    private static let own = ProcessInfo.processInfo.environment["GLINT_TEST_CONSTANTS"]
    /// Models of f16, and whether they are made f32 before.
    private static let models: [(path: String, isFloat: Bool)] =
        own.map { [($0, false)] }
        ?? [("sd15", false), ("sd15", true), ("sdxl", true)].map {
            (Goldens.url("Diffusion/pipeline/\($0.0)/model").path, $0.1)
        }

    @Test(arguments: models, [CompileOptions.Precision.f32, .bf16])
    func packedConstantsAreNotRead(_ stored: (path: String, isFloat: Bool), _ precision: CompileOptions.Precision) async throws {
        let folder = try TemporaryFolder()
        let path = stored.isFloat ? try floats(stored.path, in: folder) : stored.path
        let model = try LatentDiffusionModel(ModelSource(URL(filePath: path)))
        let (height, width) = Self.own == nil ? (16, 16) : (64, 64)
        var networks: [(String, SizedGraph)] = [
            ("unet", try model.unet.graph(batch: 1, height: height, width: width, tokens: model.tokenCount)),
            ("decoder", try model.vaeDecoder.decoder(height: height, width: width)),
        ]
        for encoder in model.textEncoders { networks.append(("text", try encoder.network.graph(tokens: encoder.tokenCount))) }
        var read: [ConstantKind: Bool] = [:]
        for (name, sized) in networks {
            for (kind, changed, bytes) in try await kinds(read: sized, CompileOptions(precision: precision)) {
                if Self.own != nil { print("\(name)\t\(changed ? "READ" : "unread")\t\(bytes >> 10) KiB\t\(kind)") }
                read[kind] = read[kind] ?? false || changed
                if kind.isPackedByCompiling { #expect(!changed, "\(path) \(name): \(kind) is read") }
            }
        }
        #expect(read.contains { $0.key.isPackedByCompiling })
        // The test can see a constant that is read.
        if stored.isFloat { #expect(read.contains { $0.value }) }
    }

    /// A copy of a model with weights in f32.
    private func floats(_ path: String, in folder: TemporaryFolder) throws -> String {
        let copy = folder.path + "/model"
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        for name in try FileManager.default.subpathsOfDirectory(atPath: copy) where name.hasSuffix(".safetensors") {
            let file = copy + "/" + name
            let checkpoint = try SafetensorsCheckpoint(path: URL(filePath: file).resolvingSymlinksInPath().path)
            var writer = SafetensorsWriter()
            for tensor in checkpoint.entries.keys.sorted() {
                let stored = try checkpoint.tensor(named: tensor)
                try writer.add(tensor, stored.elementType.isFloatingPoint ? stored.converted(to: .f32) : stored)
            }
            try FileManager.default.removeItem(atPath: file)
            try writer.write(to: file)
        }
        return copy
    }

    /// The kinds of a network's constants, whether outputs change when they are overwritten after compiling, and their bytes.
    private func kinds(read sized: SizedGraph, _ options: CompileOptions) async throws -> [(ConstantKind, Bool, Int)] {
        let graph = try sized.prepared(for: options)
        let serialized = try graph.serialized()
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: serialized.weights.bytes.count, alignment: 4096)
        defer { memory.deallocate() }
        memory.copyMemory(from: serialized.weights.bytes)
        let tensor = try Tensor(
            borrowing: UnsafeRawBufferPointer(memory), owner: serialized.weights, shape: [memory.count], of: .u8)
        let core = try Core.shared
        let read = try core.readModel(xml: serialized.xml, weights: tensor)
        try read.reshape(sized.shapes)
        let compiled = try core.compile(read, properties: options.runtimeProperties)
        let request = try compiled.makeRequest()
        for port in compiled.inputs { try request.setInput(port.index, to: try input(port)) }
        func outputs() async throws -> [[UInt8]] {
            try await request.infer()
            return try compiled.outputs.map { try request.outputTensor($0.index).withUnsafeBytes { Array($0) } }
        }
        var ranges: [ConstantKind: [Range<Int>]] = [:]
        for (place, kind) in graph.constantKinds {
            guard case .file(let file, let offset, let byteCount) = graph.nodes[place].constant else { continue }
            let start = serialized.weights.offset(of: file) + offset
            ranges[kind, default: []].append(start..<start + byteCount)
        }
        // Before the first run, so that nothing is packed at it.
        var found: [(ConstantKind, Bool, Int)] = []
        let packed = ranges.filter { $0.key.isPackedByCompiling }
        for range in packed.values.joined() { overwrite(UnsafeMutableRawBufferPointer(rebasing: memory[range])) }
        let first = try await outputs()
        memory.copyMemory(from: serialized.weights.bytes)
        let reference = try await outputs()
        #expect(first == reference)
        for (kind, ranges) in ranges.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            // Other numbers may be addresses.
            guard kind.elementType.isFloatingPoint || [.i8, .u8].contains(kind.elementType) else { continue }
            for range in ranges { overwrite(UnsafeMutableRawBufferPointer(rebasing: memory[range])) }
            let changed = try await outputs() != reference
            for range in ranges {
                UnsafeMutableRawBufferPointer(rebasing: memory[range])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: serialized.weights.bytes[range]))
            }
            found.append((kind, changed, ranges.reduce(0) { $0 + $1.count }))
        }
        #expect(try await outputs() == reference)
        withExtendedLifetime(tensor) {}
        return found
    }

    private func overwrite(_ bytes: UnsafeMutableRawBufferPointer) {
        for index in bytes.indices { bytes[index] ^= 0x15 }
    }

    /// Small numbers that differ.
    private func input(_ port: OpenVINO.Port) throws -> Tensor {
        let shape = try #require(port.shape.fixed)
        let count = try #require(shape.checkedElementCount)
        switch port.elementType {
        case .i64: return try Tensor((0..<count).map { Int64($0 % 7) }, shape: shape)
        case .i32: return try Tensor((0..<count).map { Int32($0 % 7) }, shape: shape)
        default: return try Tensor((0..<count).map { sin(Float($0)) }, shape: shape)
        }
    }
}
