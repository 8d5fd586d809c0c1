import OpenVINO
import TensorStore
import Testing

struct ModelTests {
    @Test func tellsNameAndPorts() throws {
        let model = try Core.shared.readModel(xml: IR.matMul(), weights: IR.weights)
        #expect(try model.name == "mini")
        #expect(model.isDynamic)
        let (input, output) = (try model.input("x_alias"), try model.output("y"))
        #expect(input == (try model.inputs[0]))
        #expect((input.direction, input.index, input.elementType, input.shape) == (.input, 0, .f32, [.any, 3]))
        #expect((output.direction, output.index, output.elementType, output.shape) == (.output, 0, .f32, [.any, 4]))
    }

    @Test(
        arguments: [
            ("", []), ("0", [0]), ("2,3", [2, 3]), ("?", [.any]), ("...", .any),
            ("1..8,2..", [.dynamic(minimum: 1, maximum: 8), .dynamic(minimum: 2, maximum: nil)]),
        ] as [(String, PartialShape)])
    func readsShapesOfEveryKind(_ text: String, _ shape: PartialShape) throws {
        #expect(try Core.shared.readModel(xml: IR.identity(.f32, text)).inputs[0].shape == shape)
    }

    @Test(
        arguments: [
            [4, 3], [0, 3], [.any, 3], [.dynamic(minimum: 1, maximum: 8), 3], [.dynamic(minimum: 2, maximum: nil), 3],
        ] as [PartialShape])
    func reshapes(_ shape: PartialShape) throws {
        let model = try Core.shared.readModel(xml: IR.matMul(rows: "7"), weights: IR.weights)
        try model.reshape(["x": shape])
        #expect(try model.inputs[0].shape == shape)
        #expect(try model.outputs[0].shape.dimensions?[0] == shape.dimensions?[0])
        #expect(model.isDynamic == (shape.fixed == nil))
    }

    @Test func refusesToReshape() throws {
        let model = try Core.shared.readModel(xml: IR.matMul(), weights: IR.weights)
        let error = expectFailure(saying: "Incompatible MatMul matrix dimension") { try model.reshape(["x": [1, 5]]) }
        #expect(error?.description.contains(".hpp") == false)
        #expect(error?.details.contains(".hpp") == true)
        #expect(throws: OpenVINOError.unknownPort(.input, key: "'z'", available: ["x"])) { try model.reshape(["z": [1, 3]]) }
        for shape: PartialShape in [.any, [], [-1, 3], [.dynamic(minimum: 3, maximum: 2), 3]] {
            #expect(throws: OpenVINOError.reshape(port: "x", shape)) { try model.reshape(["x": shape]) }
        }
        #expect(try model.inputs[0].shape == [.any, 3])
        #expect(try model.outputs[0].shape == [.any, 4])
        // The current shape is accepted, even if the C API can't express it.
        try Core.shared.readModel(xml: IR.identity(.f32, "")).reshape(["x": []])
    }

    @Test func constantsStayInTheMemoryOfTheirOwner() throws {
        final class Owner: Sendable {}
        weak var kept: Owner?
        let count = 25
        let allocation = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
        defer { allocation.deallocate() }
        // An odd address, as for tensors in a checkpoint.
        allocation[0] = 0xFF
        IR.weights.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: allocation[1...]).copyMemory(from: $0) }
        var request: InferRequest?
        do {
            let owner = Owner()
            kept = owner
            let weights = try Tensor(borrowing: UnsafeRawBufferPointer(allocation), owner: owner, shape: [count], of: .u8)
            request = try compiled(IR.matMul(offset: 1), weights: weights).makeRequest()
        }
        #expect(kept != nil)
        try request?.setInput("x", to: ones([1, 3]))
        try request?.infer()
        #expect(try request?.outputTensor("y").elements(as: Float.self) == IR.sums)
        request = nil
        #expect(kept == nil)
    }
}
