import ModelGraph
import Quantization
import TensorStore
import TestSupport
import Testing

@Suite struct WeightCompressionTests {
    /// y = x·W, W `[64, 10]` or, transposed, `[10, 64]`.
    private func product(
        transposed: Bool, first: Bool = false, _ type: ElementType = .f16, weights given: [Float]? = nil
    ) throws -> Graph {
        var graph = Graph()
        let x = graph.parameter("x", .f32, first ? [64, 3] : [3, 64])
        let values = given ?? numbers(640)
        let isWide = first != transposed
        let w = weights(&graph, values, type, isWide ? [10, 64] : [64, 10])
        let y =
            first
            ? try graph.matMul(w, x, transposeA: transposed, name: "product")
            : try graph.matMul(x, w, transposeB: transposed, name: "product")
        graph.result(y, name: "y")
        return graph
    }

    private func weights(_ graph: inout Graph, _ values: [Float], _ type: ElementType, _ shape: Shape) -> Value {
        switch type {
        case .f16:
            graph.weights(.bytes(values.map(HalfPrecision.f16).withUnsafeBytes(Array.init)), type, shape, name: "w")
        case .bf16:
            graph.weights(.bytes(values.map(HalfPrecision.bf16).withUnsafeBytes(Array.init)), type, shape, name: "w")
        default: graph.weights(.bytes(values.withUnsafeBytes(Array.init)), .f32, shape, name: "w")
        }
    }

    private func compress(
        _ graph: Graph, _ mode: WeightMode, group: Int? = 32, _ change: (inout WeightCompressionOptions) -> Void = { _ in }
    ) throws -> (graph: Graph, report: WeightCompressionReport) {
        var options = WeightCompressionOptions(mode: mode, groupSize: group)
        options.allLayers = true
        if mode.is4Bit { options.groupSize = group }
        change(&options)
        return try WeightCompression(options).apply(to: graph)
    }

    @Test(arguments: WeightMode.allCases, [false, true]) func productsComputeWhatTheStoredWeightsAre(
        mode: WeightMode, transposed: Bool
    ) throws {
        for (type, group, first) in [(ElementType.f16, 32 as Int?, false), (.bf16, nil, true), (.f32, 64, true)] {
            let (compressed, report) = try compress(product(transposed: transposed, first: first, type), mode, group: group)
            #expect(report.layers.map(\.operation) == ["product"] && report.skipped.isEmpty)
            let stored = try QuantizedWeightReading.dequantized(compressed, "w")
            let plain = try product(transposed: transposed, first: first, .f32, weights: stored)
            let x = try Tensor(numbers(192, seed: 5), shape: first ? [64, 3] : [3, 64])
            expectClose(try run(compressed, [x]), try run(plain, [x]), tolerance: 1e-5, "\(mode) \(type)")

            // Through files and back.
            let folder = try TemporaryFolder()
            try compressed.writeIR(xml: folder.path + "/m.xml")
            let read = try IRReader.read(path: folder.path + "/m.xml")
            #expect(try run(read, [x]) == run(compressed, [x]))
        }
    }

    @Test(arguments: WeightMode.allCases.filter { !$0.is4Bit }) func convolutionsComputeWhatTheStoredWeightsAre(
        mode: WeightMode
    ) throws {
        func graph(_ type: ElementType, _ values: [Float]) throws -> Graph {
            var graph = Graph()
            let x = graph.parameter("x", .f32, [1, 3, 7, 5])
            let w = weights(&graph, values, type, [5, 3, 3, 3])
            graph.result(try graph.convolution(x, w, padding: [1, 1], name: "conv"), name: "y")
            return graph
        }
        let (compressed, report) = try compress(graph(.f16, numbers(135)), mode)
        #expect(report.layers.map(\.mode) == [mode])
        let stored = try QuantizedWeightReading.dequantized(compressed, "w")
        let x = try Tensor(numbers(105, seed: 9), shape: [1, 3, 7, 5])
        expectClose(try run(compressed, [x]), try run(graph(.f32, stored), [x]), tolerance: 1e-5)
    }

    @Test func convolutionsKeepEightBitsInFourBitModes() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 3, 7, 5])
        graph.result(try graph.convolution(x, weights(&graph, numbers(135), .f16, [5, 3, 3, 3])), name: "y")
        #expect(try compress(graph, .int4Symmetric).report.layers.map(\.mode) == [.int8Asymmetric])
    }

    @Test func weightsBehindAReshapeAreFoundAndSharedOnesStoredOnce() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [3, 64])
        let w = try graph.reshape(weights(&graph, numbers(4096), .f16, [64, 64, 1, 1]), to: [64, 64])
        let y = try graph.matMul(graph.matMul(x, w, transposeB: true), w, transposeB: true)
        graph.result(y, name: "y")
        let (compressed, report) = try compress(graph, .int8Symmetric)
        #expect(report.layers.count == 1 && report.layers[0].bytesBefore == 8192 && report.layers[0].bytesAfter == 4096 + 128)
        #expect(!compressed.nodes.contains { $0.type == "Const" && $0.outputs[0].elementType == .i64 })
        let input = try Tensor(numbers(192, seed: 5), shape: [3, 64])
        expectClose(try run(compressed, [input]), try run(graph, [input]), tolerance: 0.02)
    }

    @Test func weightsWithUsesThatDifferAndComputedWeightsStay() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [8, 8])
        let w = weights(&graph, numbers(64), .f16, [8, 8])
        let a = try graph.matMul(graph.matMul(x, w, transposeB: true, name: "rows"), w, name: "columns")
        let sums = graph.constant(numbers(64), shape: [8, 8])
        let computed = try graph.matMul(graph.constant(numbers(64, seed: 3), shape: [8, 8]), sums)
        graph.result(try graph.matMul(a, computed, name: "folded"), name: "y")
        let (compressed, report) = try compress(graph, .int8Symmetric)
        #expect(report.layers.isEmpty)
        #expect(
            report.skipped == [
                .init(operation: "folded", reason: .computed), .init(operation: "rows", reason: .otherUse("MatMul")),
            ])
        #expect(compressed.nodes.map(\.name) == graph.nodes.map(\.name))
    }

    @Test(arguments: [WeightMode.int8Asymmetric, .int4Symmetric, .nf4, .int8Narrow]) func compressedWeightsAreLeftAlone(
        mode: WeightMode
    ) throws {
        let once = try compress(product(transposed: true), mode).graph
        let (twice, report) = try compress(once, .int8Symmetric)
        #expect(report.layers.isEmpty)
        #expect(report.skipped == [.init(operation: "product", reason: .alreadyCompressed(mode.elementType))])
        #expect(twice.nodes.count == once.nodes.count)
    }

    @Test func ignoredScopesFromRules() {
        #expect(
            IgnoredScope(rules: ["product", "re:pro.*", "type:MatMul", "re:b"])
                == IgnoredScope(names: ["product"], patterns: ["pro.*", "b"], types: ["MatMul"]))
    }

    @Test func ignoredScopes() throws {
        let graph = try product(transposed: true)
        for scope in [
            IgnoredScope(names: ["product"]), IgnoredScope(names: ["w"]), IgnoredScope(patterns: ["pro.*"]),
            IgnoredScope(types: ["MatMul"]),
        ] {
            let report = try compress(graph, .int8Symmetric) { $0.ignored = scope }.report
            #expect(report.layers.isEmpty && report.skipped == [.init(operation: "product", reason: .ignored)])
        }
        #expect(throws: QuantizationError.ignoredScope("prodct", near: ["product"])) {
            try compress(graph, .int8Symmetric) { $0.ignored.names = ["prodct"] }
        }
        #expect(throws: QuantizationError.ignoredScope("Matmul", near: ["MatMul"])) {
            try compress(graph, .int8Symmetric) { $0.ignored.types = ["Matmul"] }
        }
        #expect(throws: QuantizationError.ignoredScope("up.*", near: [])) {
            try compress(graph, .int8Symmetric) { $0.ignored.patterns = ["up.*"] }
        }
        #expect(throws: QuantizationError.pattern("(")) { try compress(graph, .int8Symmetric) { $0.ignored.patterns = ["("] } }
    }

    @Test func groupsThatDoNotFit() throws {
        let graph = try product(transposed: true)
        #expect(throws: QuantizationError.groupSize(tensor: "w", 48, depth: 64)) {
            try compress(graph, .int4Symmetric, group: 48)
        }
        #expect(throws: QuantizationError.groupSize(tensor: "w", 0, depth: 64)) {
            try compress(graph, .int4Symmetric, group: 0)
        }
        let kept = try compress(graph, .int4Symmetric, group: 48) { $0.groupFallback = .keep }.report
        #expect(kept.layers.isEmpty && kept.skipped.map(\.reason) == [.groupSize(depth: 64)])
        let adjusted = try compress(graph, .int4Symmetric, group: 48) { $0.groupFallback = .adjust }.report
        #expect(adjusted.layers.map(\.groupSize) == [64])
        #expect(throws: QuantizationError.ratio(1.5)) { try compress(graph, .int4Symmetric) { $0.ratio = 1.5 } }
    }

    @Test func depthwiseConvolutionsHaveAScaleForEachOfTheirChannels() throws {
        func graph(_ type: ElementType, _ values: [Float]) throws -> Graph {
            var graph = Graph()
            let x = graph.parameter("x", .f32, [1, 4, 6, 6])
            let w = weights(&graph, values, type, [4, 2, 1, 3, 3])
            var node = Node(name: "depthwise", type: "GroupConvolution", opset: "opset1", inputs: [x, w])
            node.attributes = [
                .init("strides", "1, 1"), .init("dilations", "1, 1"), .init("pads_begin", "1, 1"), .init("pads_end", "1, 1"),
                .init("auto_pad", "explicit"),
            ]
            node.outputs = [.init(elementType: .f32, shape: [1, 8, 6, 6])]
            let index = graph.append(node)
            graph.result(graph.value(index), name: "y")
            return graph
        }
        let (compressed, report) = try compress(graph(.f16, numbers(72)), .int8Asymmetric)
        #expect(report.layers.map(\.bytesAfter) == [72 + 8 * 3])
        let stored = try QuantizedWeightReading.dequantized(compressed, "w")
        let x = try Tensor(numbers(144, seed: 9), shape: [1, 4, 6, 6])
        expectClose(try run(compressed, [x]), try run(graph(.f32, stored), [x]), tolerance: 1e-5)
    }

    @Test func oneRangeOfAFileIsQuantizedOnce() throws {
        let folder = try TemporaryFolder()
        let values = numbers(64 * 64).map(HalfPrecision.f16)
        try folder.write("w.bin", values.withUnsafeBytes(Array.init))
        let file = try MappedFile(path: folder.path + "/w.bin")
        var graph = Graph()
        let x = graph.parameter("x", .f32, [3, 64])
        let first = graph.weights(.file(file, offset: 0, byteCount: 8192), .f16, [64, 64], name: "a")
        let second = graph.weights(.file(file, offset: 0, byteCount: 8192), .f16, [64, 64], name: "b")
        graph.result(try graph.matMul(graph.matMul(x, first, transposeB: true), second, transposeB: true), name: "y")
        let (compressed, report) = try compress(graph, .int4Asymmetric)
        #expect(report.layers.map(\.weights) == ["a"])
        #expect(compressed.nodes.count { $0.outputs.first?.elementType == .u4 } == 2)
        let input = try Tensor(numbers(192, seed: 5), shape: [3, 64])
        expectClose(try run(compressed, [input]), try run(graph, [input]), tolerance: 0.2)
    }

    @Test func theLastProductKeepsEightBitsUnlessAllLayersAreAskedFor() throws {
        let graph = try product(transposed: true)
        #expect(try compress(graph, .nf4) { $0.allLayers = false }.report.layers.map(\.mode) == [.int8Asymmetric])
        #expect(try compress(graph, .nf4).report.layers.map(\.mode) == [.nf4])
        #expect(throws: QuantizationError.backup(.nf4)) { try compress(graph, .nf4) { $0.backup = .nf4 } }
    }

    @Test func aTensorThatIsNotFiniteIsNamed() throws {
        var values = numbers(640)
        values[77] = .nan
        let graph = try product(transposed: true, weights: values)
        #expect(throws: QuantizationError.notFinite(tensor: "w")) { try compress(graph, .int8Symmetric) }
    }
}
