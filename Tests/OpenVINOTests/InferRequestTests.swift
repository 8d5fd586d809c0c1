import OpenVINO
import TensorStore
import Testing

struct InferRequestTests {
    @Test func infersOverConstantsInMemory() throws {
        let request = try compiled(IR.matMul(), weights: IR.weights).makeRequest()
        try request.setInput("x", to: ones([2, 3]))
        try request.infer()
        let output = try request.outputTensor("y")
        #expect(output.shape == [2, 4])
        #expect(try output.elements(as: Float.self) == IR.sums + IR.sums)
    }

    @Test func findsPortsByNameAliasAndIndex() throws {
        let model = try compiled(IR.matMul(), weights: IR.weights)
        let request = try model.makeRequest()
        for key: any PortKey in ["x", "x_alias", 0] as [any PortKey] {
            #expect(try model.input(key).name == model.inputs[0].name)
            try request.setInput(key, to: ones([1, 3]))
        }
        try request.infer()
        #expect(try request.outputTensor(0).elements(as: Float.self) == IR.sums)
    }

    @Test func takesDynamicShapesOneAfterAnother() throws {
        let request = try compiled(IR.matMul(), weights: IR.weights).makeRequest()
        for rows in [3, 1, 0, 5] {
            try request.setInput("x", to: ones([rows, 3]))
            try request.infer()
            let output = try request.outputTensor("y")
            #expect(output.shape == [rows, 4])
            #expect(try output.elements(as: Float.self) == (0..<rows).flatMap { _ in IR.sums })
        }
    }

    @Test func takesScalars() throws {
        let model = try compiled(IR.convert(.f32, to: .i32, ""))
        #expect(model.inputs[0].shape == PartialShape([]))
        #expect(model.outputs[0].shape == PartialShape([]))
        let request = try model.makeRequest()
        try request.setInput(0, to: Tensor([Float(7)], shape: []))
        try request.infer()
        let output = try request.outputTensor(0)
        #expect(output.shape == [])
        #expect(try output.elements(as: Int32.self) == [7])
    }

    @Test func lendsOutputsWithoutCopy() throws {
        let request = try compiled(IR.matMul(), weights: IR.weights).makeRequest()
        try request.setInput("x", to: ones([1, 3]))
        try request.infer()
        let sums = try request.withOutput("y") { bytes, shape, type in
            #expect(shape == [1, 4])
            #expect(type == .f32)
            return Array(bytes.bindMemory(to: Float.self))
        }
        #expect(sums == IR.sums)
    }

    @Test func refusesWhatTheModelDoesNotTake() throws {
        let request = try compiled(IR.matMul(), weights: IR.weights).makeRequest()
        #expect(throws: OpenVINOError.unknownPort(.input, key: "'z'", available: ["x"])) {
            try request.setInput("z", to: ones([1, 3]))
        }
        #expect(throws: OpenVINOError.unknownPort(.input, key: "'y'", available: ["x"])) {
            try request.setInput("y", to: ones([1, 3]))
        }
        #expect(throws: OpenVINOError.unknownPort(.output, key: "1", available: ["y"])) { try request.output(1) }
        #expect(throws: OpenVINOError.unknownPort(.input, key: "-1", available: ["x"])) { try request.input(-1) }
        #expect(throws: OpenVINOError.shape(port: "x", expected: [.any, 3], found: [1, 4])) {
            try request.setInput("x", to: ones([1, 4]))
        }
        #expect(throws: OpenVINOError.shape(port: "x", expected: [.any, 3], found: [3])) {
            try request.setInput("x", to: ones([3]))
        }
        #expect(throws: OpenVINOError.elementType(port: "x", expected: .f32, found: .i32)) {
            try request.setInput("x", to: Tensor([Int32](repeating: 1, count: 3), shape: [1, 3]))
        }
        // The refused calls changed nothing.
        try request.setInput("x", to: ones([1, 3]))
        try request.infer()
        #expect(try request.outputTensor("y").elements(as: Float.self) == IR.sums)
    }

    @Test func variablesCarryOverAndAFreshRequestStartsThemAgain() throws {
        let zero = try Tensor([Float(0)], shape: [1])
        let model = try compiled(IR.accumulator(), weights: zero)
        for _ in 0..<2 {
            let request = try model.makeRequest()
            try request.setInput("x", to: Tensor([Float(2)], shape: [1]))
            for total in [2, 4, 6] as [Float] {
                try request.infer()
                #expect(try request.outputTensor("y").elements(as: Float.self) == [total])
            }
        }
    }

    @Test func tellsWhatEachNodeTook() throws {
        let model = try compiled(IR.chain(length: 2, size: 256), [.enableProfiling(true)])
        let request = try model.makeRequest()
        try request.setInput("x", to: ones([256, 256]))
        try request.infer()
        let products = try request.profilingInfo().filter { $0.nodeName.hasPrefix("mm") }
        #expect(products.map(\.nodeName) == ["mm1", "mm2"])
        for product in products {
            #expect(product.status == .executed)
            #expect(product.nodeType == "MatMul")
            #expect(product.execType.hasSuffix("f32"))
            #expect(product.realTime > .zero)
        }
    }
}
