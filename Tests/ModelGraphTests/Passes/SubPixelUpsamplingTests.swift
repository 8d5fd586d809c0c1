import ModelGraph
import TensorStore
import TestSupport
import Testing

@Suite struct SubPixelUpsamplingTests {
    /// Interpolate → [FakeQuantize] → Convolution → [Add] and what there may be of each.
    private struct Pattern {
        enum Weights: CaseIterable { case f32, f16, int8 }
        enum Rounding: CaseIterable { case none, scalar, channels }
        enum Sizes: CaseIterable { case scales, constant, shapes }

        var weights = Weights.f32
        var rounding = Rounding.none
        var sizes = Sizes.shapes
        var hasBias = true
        var channels = (inputs: 3, outputs: 5)
        var padding = [1, 1]
        var stride = 1
        /// INT8 codes at the beginning.
        var codes: [Int] = []
        /// What is done to nodes as they are appended.
        var change: (inout Node) -> Void = { _ in }

        /// x `[1, C, 4, 6]`, model `[1, 1, 8, 12]` → y.
        func graph(_ more: (inout Graph, Value) throws -> Void = { _, _ in }) throws -> Graph {
            let (inputs, outputs) = channels
            var graph = Graph()
            let x = graph.parameter(
                "x", .f32, sizes == .shapes ? [.any, .fixed(inputs), .any, .any] : [1, .fixed(inputs), 4, 6])
            let model = graph.parameter("model", .f32, sizes == .shapes ? [.any, 1, .any, .any] : [1, 1, 8, 12])
            var y =
                try sizes == .scales
                ? graph.upsampleNearest(x, by: 2, name: "larger") : graph.resizeNearest(x, like: model, name: "larger")
            try more(&graph, y)
            if rounding != .none {
                let count = rounding == .channels ? inputs : 1
                let shape: Shape = rounding == .channels ? [1, inputs, 1, 1] : []
                let low = graph.constant((0..<count).map { -1 - 0.1 * Float($0) }, shape: shape)
                let high = graph.constant((0..<count).map { 1.5 + 0.2 * Float($0) }, shape: shape)
                y = try graph.fakeQuantize(y, low: low, high: high, levels: 256, name: "rounded")
            }
            y = try graph.convolution(y, kernel(&graph), stride: stride, padding: padding, name: "conv")
            if hasBias {
                let bias = graph.constant((0..<outputs).map { Float($0) / 4 - 1 }, shape: [1, outputs, 1, 1])
                y = try graph.add(y, bias, name: "sum")
            }
            graph.result(y, name: "y")
            // The model is read, whatever becomes of the sizes.
            graph.result(try graph.add(model, 1), name: "other")
            return try copied(graph)
        }

        private func kernel(_ graph: inout Graph) throws -> Value {
            let (inputs, outputs) = channels
            let (shape, count): (Shape, Int) = ([outputs, inputs, 3, 3], outputs * inputs * 9)
            let values = (0..<count).map { Float(($0 * 37 + 11) % 101) / 50 - 1 }
            switch weights {
            case .f32: return graph.constant(values, shape: shape, name: "w")
            case .f16:
                return graph.weights(.bytes(bytes(values.map(HalfPrecision.f16))), .f16, shape, name: "w")
            case .int8:
                let values = codes + (codes.count..<count).map(Self.code)
                let stored = graph.constant(.bytes(values.map { UInt8(truncatingIfNeeded: $0) }), .i8, shape, name: "w")
                let scale = graph.constant((1...outputs).map { 0.01 * Float($0) }, shape: [outputs, 1, 1, 1], name: "scale")
                return try graph.multiply(graph.convert(stored, to: .f32), scale)
            }
        }

        /// From −15 to 15, so that four add up to 60 at most.
        static func code(_ index: Int) -> Int { (index * 37 + 11) % 31 - 15 }

        private func copied(_ graph: Graph) throws -> Graph {
            var copy = Graph()
            for node in graph.nodes {
                var node = node
                change(&node)
                copy.append(node)
            }
            return copy
        }
    }

    private static func inputs(_ channels: Int) throws -> [Tensor] {
        let count = 24 * channels
        let x = try Tensor((0..<count).map { Float(($0 * 29 + 7) % 97) / 40 - 1.1 }, shape: [1, channels, 4, 6])
        return [x, try ramp([1, 1, 8, 12])]
    }

    private func expectSame(_ pattern: Pattern, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let graph = try pattern.graph()
        let fast = try graph.subPixelUpsampling()
        let types = fast.nodes.map(\.type)
        #expect(!types.contains("Interpolate") && types.count { $0 == "Convolution" } == 4, sourceLocation: sourceLocation)
        #expect(types.count { $0 == "FakeQuantize" } == (pattern.rounding == .none ? 0 : 1), sourceLocation: sourceLocation)
        #expect(types.count { $0 == "Add" } == (pattern.hasBias ? 5 : 1), sourceLocation: sourceLocation)
        // Neither the large kernel nor the sizes are there any longer.
        if pattern.weights == .int8 { #expect(!fast.nodes.contains { $0.name == "w" }, sourceLocation: sourceLocation) }
        #expect(!types.contains("ShapeOf"), sourceLocation: sourceLocation)
        let inputs = try Self.inputs(pattern.channels.inputs)
        let (before, after) = (try run(graph, inputs), try run(fast, inputs))
        #expect(before[0].shape == [1, pattern.channels.outputs, 8, 12] && after[0].shape == before[0].shape)
        expectClose(
            try after[0].elements(as: Float.self), try before[0].elements(as: Float.self), tolerance: 2e-5,
            "\(pattern.weights) \(pattern.rounding) \(pattern.sizes)", sourceLocation: sourceLocation)
        #expect(try after[1].elements(as: Float.self) == before[1].elements(as: Float.self), sourceLocation: sourceLocation)
    }

    @Test(arguments: Pattern.Weights.allCases, Pattern.Rounding.allCases) private func theFunctionIsTheSame(
        weights: Pattern.Weights, rounding: Pattern.Rounding
    ) throws {
        try expectSame(Pattern(weights: weights, rounding: rounding))
        try expectSame(Pattern(weights: weights, rounding: rounding, sizes: .scales, hasBias: false, channels: (1, 1)))
        try expectSame(Pattern(weights: weights, rounding: rounding, sizes: .constant, channels: (17, 9)))
    }

    @Test func sumsOfCodesAreTheCodes() throws {
        let fast = try Pattern(weights: .int8, channels: (2, 3)).graph().subPixelUpsampling()
        func codes(_ name: String) throws -> [Int8] {
            let node = try #require(fast.nodes.first { $0.name == name })
            #expect(node.outputs[0].elementType == .i8 && node.outputs[0].shape == [3, 2, 2, 2])
            return try #require(node.constant).withUnsafeBytes { $0.map { Int8(bitPattern: $0) } }
        }
        let kernel = (0..<9).map(Pattern.code)
        let (first, last) = (try codes("conv[0,0]/codes"), try codes("conv[1,1]/codes"))
        #expect(first[0] == Int8(kernel[0]) && first[1] == Int8(kernel[1] + kernel[2]))
        #expect(Int(first[3]) == kernel[4] + kernel[5] + kernel[7] + kernel[8])
        #expect(last[3] == Int8(kernel[8]) && last[2] == Int8(kernel[6] + kernel[7]))
        #expect(Int(last[0]) == kernel[0] + kernel[1] + kernel[3] + kernel[4])
        #expect(try codes("conv[0,1]/codes").count == 24 && codes("conv[1,0]/codes").count == 24)
    }

    @Test func manyKernelsAreSummedInChunks() throws {
        // More than one chunk, and the last not full.
        let pattern = Pattern(weights: .int8, channels: (263, 257))
        let fast = try pattern.graph().subPixelUpsampling()
        let node = try #require(fast.nodes.first { $0.name == "conv[1,0]/codes" })
        let sums = try #require(node.constant).withUnsafeBytes { $0.map { Int(Int8(bitPattern: $0)) } }
        let codes = (0..<257 * 263 * 9).map(Pattern.code)
        #expect(sums.count == 257 * 263 * 4)
        var wrong = 0
        for kernel in 0..<257 * 263 {
            let w = codes[9 * kernel..<9 * kernel + 9].map { $0 }
            let expected = [w[0] + w[3], w[1] + w[2] + w[4] + w[5], w[6], w[7] + w[8]]
            if Array(sums[4 * kernel..<4 * kernel + 4]) != expected { wrong += 1 }
        }
        #expect(wrong == 0)
    }

    @Test func resultsKeepTheirNamesAndConvolutionsAreNamed() throws {
        for hasBias in [true, false] {
            let graph = try Pattern(hasBias: hasBias).graph()
            #expect(graph.upsampledConvolutions == ["conv"])
            // The sizes are of another tensor, whose axes are not known.
            #expect(try graph.subPixelUpsampling(doublesSizes: false).nodes.map(\.name) == graph.nodes.map(\.name))
            let fast = try graph.subPixelUpsampling()
            #expect(fast.results.map { fast.nodes[$0.inputs[0].node].outputs[0].names } == [["y"], ["other"]])
            #expect(fast.nodes.contains { $0.name == "conv[1,0]/Convolution" } && fast.upsampledConvolutions.isEmpty)
            #expect(fast.parameters.map(\.name) == ["x", "model"])
        }
    }

    @Test func sumsThatAreNoCodesStay() throws {
        func graph(_ codes: [Int]) throws -> Graph { try Pattern(weights: .int8, codes: codes).graph() }
        let large = try graph([125, 1, 0, 1, 1])
        try expectLeftAlone(large)
        // Its weights may be found anew.
        #expect(large.upsampledConvolutions == ["conv"])
        try expectLeftAlone(graph([-125, -1, 0, -1, -1]))
        try expectLeftAlone(graph([0, 0, 0, 0, -100, 0, 0, -20, -10]))
        try expectSame(Pattern(weights: .int8, rounding: .scalar, codes: [125, 1, 0, 1, 0]))
        try expectSame(Pattern(weights: .int8, rounding: .scalar, codes: [-125, -1, 0, -1, 0]))
        // Codes of 7 bits keep sums of 7 bits.
        func single(_ first: Int) -> Pattern { Pattern(weights: .int8, channels: (3, 1), codes: [first, 5, 0, 5, 5]) }
        try expectLeftAlone(single(63).graph())
        try expectLeftAlone(single(64).graph())
        try expectSame(single(62))
        try expectSame(single(65))
    }

    @Test func otherPatternsStay() throws {
        try expectLeftAlone(Pattern(padding: [0, 0]).graph())
        try expectLeftAlone(Pattern(stride: 2).graph())
        func changed(_ type: String, _ attribute: String, _ value: String) throws -> Graph {
            try Pattern(change: { if $0.type == type { $0[attribute: attribute] = value } }).graph()
        }
        for (attribute, value) in [
            ("mode", "linear_onnx"), ("nearest_mode", "ceil"), ("coordinate_transformation_mode", "half_pixel"),
            ("pads_end", "0, 0, 0, 1"), ("antialias", "true"),
        ] { try expectLeftAlone(changed("Interpolate", attribute, value)) }
        try expectLeftAlone(changed("Convolution", "dilations", "2, 2"))
        try expectLeftAlone(changed("Convolution", "auto_pad", "valid"))
        // Larger by something else than two.
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 3, 4, 4])
        let larger = try graph.upsampleNearest(x, by: 3)
        let weights = graph.constant([Float](repeating: 1, count: 27), shape: [1, 3, 3, 3])
        graph.result(try graph.convolution(larger, weights, padding: [1, 1]), name: "y")
        let resized = try graph.resizeNearest(x, like: graph.parameter("model", .f32, [1, 3, 7, 8]))
        graph.result(try graph.convolution(resized, weights, padding: [1, 1]), name: "z")
        try expectLeftAlone(graph)
    }

    @Test func aSecondReaderKeepsThePicture() throws {
        for isAdded in [true, false] {
            let graph = try Pattern().graph { graph, larger in
                graph.result(isAdded ? try graph.add(larger, 1) : larger, name: "second")
            }
            let fast = try graph.subPixelUpsampling()
            #expect(fast.nodes.count { $0.type == "Interpolate" } == 1 && fast.nodes.count { $0.type == "Convolution" } == 4)
            let inputs = try Self.inputs(3)
            for (before, after) in zip(try run(graph, inputs), try run(fast, inputs)) {
                expectClose(try after.elements(as: Float.self), try before.elements(as: Float.self), tolerance: 2e-5, "")
            }
        }
    }

    @Test func aSecondReaderOfTheConvolutionKeepsTheSum() throws {
        // One of the convolution: the sum is then not moved.
        var graph = try Pattern().graph()
        let convolution = try #require(graph.nodes.firstIndex { $0.name == "conv" })
        graph.result(graph.value(convolution), name: "before")
        let fast = try graph.subPixelUpsampling()
        #expect(fast.nodes.count { $0.type == "Convolution" } == 4 && fast.nodes.count { $0.type == "Add" } == 2)
        let inputs = try Self.inputs(3)
        for (before, after) in zip(try run(graph, inputs), try run(fast, inputs)) {
            expectClose(try after.elements(as: Float.self), try before.elements(as: Float.self), tolerance: 2e-5, "")
        }
    }

    @Test func sizesThatComeAsValuesStay() throws {
        // The numbers are an input's: nothing says what they are.
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 3, .any, .any])
        let sizes = graph.parameter("sizes", .i64, [2])
        let model = graph.parameter("model", .f32, [1, 3, .any, .any])
        let larger = try graph.resizeNearest(x, like: model, name: "larger")
        let weights = graph.constant([Float](repeating: 1, count: 27), shape: [1, 3, 3, 3])
        graph.result(try graph.convolution(larger, weights, padding: [1, 1]), name: "y")
        let given = try graph.rewritten { (graph, _, value) throws(GraphError) in
            graph.nodes[value.node].type == "Gather" ? graph.value(sizes.node) : value
        }
        #expect(graph.upsampledConvolutions.count == 1)
        try expectLeftAlone(given)
    }

    private func expectLeftAlone(_ graph: Graph, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let after = try graph.subPixelUpsampling()
        #expect(after.nodes.map(\.name) == graph.nodes.map(\.name), sourceLocation: sourceLocation)
        #expect(after.nodes.map(\.inputs) == graph.nodes.map(\.inputs), sourceLocation: sourceLocation)
    }
}
