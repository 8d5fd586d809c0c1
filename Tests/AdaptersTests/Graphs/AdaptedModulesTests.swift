import Adapters
import ModelGraph
import TensorStore
import TestSupport
import Testing

/// Modules in graphs of all kinds, adapted in both forms and compared with sums computed here.
@Suite struct AdaptedModulesTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let scale: Float = 0.7
    /// `[5, 2]` and `[2, 3]`.
    private static let up: [Float] = [0.3, -0.1, 0.7, 0.2, -0.5, 0.4, 0.9, -0.8, 0.1, 0.6]
    private static let down: [Float] = [0.2, -0.4, 0.5, 0.8, 0.3, -0.7]
    private static let matrix = (0..<15).map { Float($0) * 0.1 - 0.6 }
    private static let x: [Float] = [0.5, -1, 2, 1.5, 0.25, -0.75]

    private func set(_ module: String) throws -> LoRASet {
        let keys = ["unet.\(module).lora_A.weight", "unet.\(module).lora_B.weight"]
        let path = try folder.lora([keys[0]: [2, 3], keys[1]: [5, 2]], values: [keys[0]: Self.down, keys[1]: Self.up])
        return try LoRASet([.init(LoRA(path: path), scale: Self.scale)])
    }

    /// x·(W + scale · up × down)ᵀ for x `[2, 3]`.
    private func expected(bias: Float = 0, scale: Float = scale) -> [Float] {
        var result: [Float] = []
        for row in 0..<2 {
            for output in 0..<5 {
                var sum = bias
                for input in 0..<3 {
                    let difference = Self.up[2 * output] * Self.down[input] + Self.up[2 * output + 1] * Self.down[3 + input]
                    sum += Self.x[3 * row + input] * (Self.matrix[3 * output + input] + scale * difference)
                }
                result.append(sum)
            }
        }
        return result
    }

    private func run(_ graph: Graph, _ set: LoRASet) throws -> [Float] {
        let inputs = try set.scaleTensors.merging(["x": Tensor(Self.x, shape: [2, 3])]) { first, _ in first }
        let outputs = try Runner(graph).run { name, _ in try #require(inputs[name]) }
        return try #require(outputs["y"]).elements()
    }

    private func expectAdapted(_ graph: Graph, _ set: LoRASet, bias: Float = 0, forms: [LoRAForm] = LoRAForm.allCases) throws {
        for form in forms {
            let adapted = try set.apply(to: graph, network: .unet, form: form)
            #expect(adapted.report.files[0].placed == 2)
            expectClose(try run(adapted.graph, set), expected(bias: bias), tolerance: 1e-5, "\(form)")
        }
    }

    /// Weights as they are named and stored by exporters: the node's name says the module, or the constant's.
    @Test(
        arguments: [
            ("__module.model.mid_block.attn1.to_q/ov_ext::linear/MatMul", "Constant_7"),
            ("__module.mid_block.attn1.to_q/aten::linear/MatMul", "self.weight"),
            ("MatMul_12", "self.model.mid_block.attn1.to_q.weight"),
            ("MatMul_12", "self.mid_block.attn1.to_q._openvino_orig_weight"),
            ("mid_block.attn1.to_q/MatMul", "mid_block.attn1.to_q.weight"),
        ], [false, true]) func namesOfExporters(_ names: (String, String), _ isTransposed: Bool) throws
    {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [2, 3])
        let stored = isTransposed ? (0..<15).map { Self.matrix[$0 % 5 * 3 + $0 / 5] } : Self.matrix
        let weights = graph.constant(stored, shape: isTransposed ? [3, 5] : [5, 3], name: names.1)
        let product = try graph.matMul(x, weights, transposeB: !isTransposed, name: names.0)
        graph.result(try graph.add(product, graph.constant([Float](repeating: 0.25, count: 5), shape: [5])), name: "y")
        try expectAdapted(graph, set("mid_block.attn1.to_q"), bias: 0.25)
    }

    /// Weights in f16, some rows of them in one product and the others in another.
    @Test func rowsOfHalves() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [.any, 3])
        let parts = try [0..<2, 2..<5].map { rows in
            let part = try Tensor(Array(Self.matrix[3 * rows.lowerBound..<3 * rows.upperBound]), shape: [rows.count, 3])
            let bytes = try part.converted(to: .f16).withUnsafeBytes(Array.init)
            let name = "mid_block.ff.net.0.proj"
            let suffix = "[\(rows.lowerBound)..<\(rows.upperBound)]"
            let weights = graph.weights(.bytes(bytes), .f16, [rows.count, 3], name: "\(name).weight\(suffix)")
            return try graph.matMul(x, weights, transposeB: true, name: "\(name)\(suffix)/MatMul")
        }
        graph.result(try graph.concatenate(parts, axis: 1), name: "y")
        let set = try set("mid_block.ff.net.0.proj")
        for form in LoRAForm.allCases {
            let adapted = try set.apply(to: graph, network: .unet, form: form).graph
            expectClose(try run(adapted, set), expected(), tolerance: 1e-3, "\(form)")
            // What both have in common is computed once.
            #expect(adapted.nodes.count { $0.name.contains("MatMulDown") } == (form == .runtime ? 1 : 0))
        }
    }

    /// INT8 weights and activations, divided by smoothing: the LoRA computes with what came before, unrounded.
    @Test func quantized() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [2, 3])
        let factors: [Float] = [2, 0.5, 4]
        let smooth = try graph.multiply(x, graph.constant(factors.map { 1 / $0 }, shape: [3]), name: "x_0_0/nncf_smooth_quant")
        let (low, high) = (graph.scalar(-2), graph.scalar(2))
        let rounded = try graph.fakeQuantize(smooth, low: low, high: high, levels: 256)
        let codes = graph.constant(
            Self.matrix.indices.map { Int8((Self.matrix[$0] * factors[$0 % 3] * 20).rounded()) }, shape: [5, 3])
        let weights = try graph.multiply(graph.convert(codes, to: .f32), by: 0.05)
        let name = "__module.model.mid_block.attn1.to_q/ov_ext::linear/MatMul"
        graph.result(try graph.matMul(rounded, weights, transposeB: true, name: name), name: "y")

        let set = try set("mid_block.attn1.to_q")
        let plain = try run(graph, LoRASet([]))
        let adapted = try run(set.apply(to: graph, network: .unet, form: .runtime).graph, set)
        let unquantized = expected(scale: 0)
        let differences = zip(expected(), unquantized).map { $0 - $1 }
        expectClose(zip(adapted, plain).map { $0 - $1 }, differences, tolerance: 1e-4)
        #expect(throws: LoRAError.integerWeights(module: "mid_block.attn1.to_q", network: .unet)) {
            try set.apply(to: graph, network: .unet, form: .merged)
        }
    }

    /// Smoothing that became part of the operations around: x / s comes in, and y · f is wanted.
    @Test func foldedSmoothing() throws {
        let (inputs, outputs): ([Float], [Float]) = ([2, 0.5, 4], [1, 3, 0.25, 2, 0.5])
        func graph(_ columns: [Float]) throws -> Graph {
            var graph = Graph()
            let x = graph.parameter("x", .f32, [2, 3])
            let divided = try graph.multiply(x, graph.constant(columns.map { 1 / $0 }, shape: [3]))
            let smoothed = Self.matrix.indices.map { Self.matrix[$0] * inputs[$0 % 3] * outputs[$0 / 3] }
            let weights = graph.constant(smoothed, shape: [5, 3])
            var node = Node(name: "mid_block.attn1.to_q/MatMul", type: "MatMul", opset: "opset1", inputs: [divided, weights])
            node.attributes = [.init("transpose_a", "false"), .init("transpose_b", "true")]
            node.outputs = [.init(elementType: .f32, shape: [2, 5])]
            node.smoothing = ChannelSmoothing(inputs: columns, outputs: outputs)
            let index = graph.append(node)
            let product = graph.value(index)
            graph.result(try graph.multiply(product, graph.constant(outputs.map { 1 / $0 }, shape: [5])), name: "y")
            return graph
        }
        try expectAdapted(graph(inputs), set("mid_block.attn1.to_q"), forms: [.runtime])
        var wrong = try #require(try graph(inputs).nodes.first { $0.type == "MatMul" })
        wrong.smoothing = ChannelSmoothing(inputs: [1, 2])
        var small = Graph()
        let x = small.parameter("x", .f32, [2, 3])
        wrong.inputs = [x, small.constant(Self.matrix, shape: [5, 3])]
        let index = small.append(wrong)
        small.result(small.value(index), name: "y")
        let set = try set("mid_block.attn1.to_q")
        #expect(throws: GraphError.self) { try set.apply(to: small, network: .unet, form: .runtime) }
    }

    /// LoCon's CP decomposition: W[o, c] += up[o, s] · mid[s, t] · down[t, c] at each place of the kernel.
    @Test func kernelBetween() throws {
        let key = "lora_unet_conv_in"
        var random = SeededRandom(state: 7)
        func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -1...1, using: &random) } }
        let (down, mid, up, plain, x) = (numbers(6), numbers(36), numbers(8), numbers(4 * 3 * 9), numbers(3 * 25))
        let path = try folder.lora(
            [
                "\(key).lora_down.weight": [2, 3, 1, 1], "\(key).lora_mid.weight": [2, 2, 3, 3],
                "\(key).lora_up.weight": [4, 2, 1, 1],
                "\(key).alpha": [],
            ],
            values: [
                "\(key).lora_down.weight": down, "\(key).lora_mid.weight": mid, "\(key).lora_up.weight": up, "\(key).alpha": [3],
            ])
        let set = try LoRASet([.init(LoRA(path: path), scale: 0.5)])
        var sum = plain
        for index in sum.indices {
            let (o, c, k) = (index / 27, index / 9 % 3, index % 9)
            for s in 0..<2 {
                for t in 0..<2 {
                    let product = up[2 * o + s] * mid[(2 * s + t) * 9 + k] * down[3 * t + c]
                    sum[index] += 0.5 * 1.5 * product
                }
            }
        }
        func graph(_ kernel: [Float]) throws -> Graph {
            var graph = Graph()
            let x = graph.parameter("x", .f32, [1, 3, .any, .any])
            let weights = graph.constant(kernel, shape: [4, 3, 3, 3], name: "conv_in.weight")
            graph.result(try graph.convolution(x, weights, stride: 2, padding: [1, 0], name: "conv_in/Convolution"), name: "y")
            return graph
        }
        func run(_ graph: Graph) throws -> Tensor {
            let inputs = try set.scaleTensors.merging(["x": Tensor(x, shape: [1, 3, 5, 5])]) { first, _ in first }
            let outputs = try Runner(graph).run { name, _ in try #require(inputs[name]) }
            return try #require(outputs["y"])
        }
        let reference = try run(graph(sum))
        for form in LoRAForm.allCases {
            let adapted = try set.apply(to: graph(plain), network: .unet, form: form).graph
            try expectClose(run(adapted), reference, tolerance: 1e-5, "\(form)")
        }
    }
}
