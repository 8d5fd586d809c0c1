import OpenVINO
import TensorStore
import Testing

/// Memory owned by a test.
private final class Memory: @unchecked Sendable {
    // @unchecked: each test uses it on one thread.
    let bytes: UnsafeMutableRawBufferPointer
    init(_ values: [Float], misalignedBy offset: Int = 0) {
        allocation = .allocate(byteCount: values.count * 4 + offset, alignment: 64)
        bytes = UnsafeMutableRawBufferPointer(rebasing: allocation[offset...])
        self.values = values
    }
    deinit { allocation.deallocate() }

    private let allocation: UnsafeMutableRawBufferPointer
    var values: [Float] {
        get { (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) } }
        set { newValue.withUnsafeBytes { bytes.copyMemory(from: $0) } }
    }
}

struct InferTensorTests {
    private func address(_ tensor: InferTensor) throws -> UInt {
        try tensor.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    }

    @Test func anInputIsTheTensorsOwnMemory() throws {
        let request = try compiled(IR.matMul(), weights: IR.weights).makeRequest()
        var tensor = try ones([1, 3])
        try request.setInput("x", to: tensor)
        let own = tensor.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        #expect(try address(request.input("x")) == own)

        // Writing to another copy of the value does not change the request's input.
        tensor.withUnsafeMutableBytes { $0.storeBytes(of: 5, as: Float.self) }
        try request.infer()
        #expect(try request.outputTensor("y").elements(as: Float.self) == IR.sums)
        #expect(throws: OpenVINOError.readOnly(port: nil)) { try request.input("x").withUnsafeMutableBytes { _ in } }
    }

    @Test(arguments: [0, 1, 4]) func readsAndWritesMemoryOfOthers(misalignedBy offset: Int) throws {
        let request = try compiled(IR.matMul(rows: "1"), weights: IR.weights).makeRequest()
        let (source, target) = (Memory([1, 1, 1], misalignedBy: offset), Memory([0, 0, 0, 0], misalignedBy: offset))
        try request.setInput("x", to: InferTensor(borrowing: source.bytes, owner: source, shape: [1, 3], of: .f32))
        try request.setOutput("y", to: InferTensor(borrowing: target.bytes, owner: target, shape: [1, 4], of: .f32))
        try request.infer()
        #expect(target.values == IR.sums)
        source.values = [2, 2, 2]
        try request.infer()
        #expect(target.values == IR.sums.map { 2 * $0 })
    }

    @Test func theRequestKeepsWhatIsSetInIt() throws {
        let request = try compiled(IR.matMul(rows: "1"), weights: IR.weights).makeRequest()
        weak var first: Memory?
        weak var second: Memory?
        do {
            let memory = Memory([1, 1, 1])
            first = memory
            try request.setInput("x", to: InferTensor(borrowing: memory.bytes, owner: memory, shape: [1, 3], of: .f32))
        }
        #expect(first != nil)
        try request.infer()
        #expect(try request.outputTensor("y").elements(as: Float.self) == IR.sums)
        do {
            let memory = Memory([2, 2, 2])
            second = memory
            try request.setInput(0, to: InferTensor(borrowing: memory.bytes, owner: memory, shape: [1, 3], of: .f32))
        }
        #expect(first == nil)
        #expect(second != nil)
    }

    @Test func oneRequestsOutputIsAnothersInput() throws {
        let first = try compiled(IR.matMul(rows: "1"), weights: IR.weights).makeRequest()
        let second = try compiled(IR.convert(.f32, to: .i32, "1,4")).makeRequest()
        try second.setInput(0, to: first.output("y"))
        #expect(try address(second.input(0)) == address(first.output("y")))
        for value in [1, 2] as [Float] {
            try first.setInput("x", to: Tensor([value, value, value], shape: [1, 3]))
            try first.infer()
            try second.infer()
            #expect(try second.outputTensor(0).elements(as: Int32.self) == IR.sums.map { Int32($0 * value) })
        }
    }

    @Test func aRequestsOwnInputCanBeWrittenInPlace() throws {
        let request = try compiled(IR.matMul(rows: "1"), weights: IR.weights).makeRequest()
        try request.input("x").withUnsafeMutableBytes { bytes in
            for index in 0..<3 { bytes.storeBytes(of: 1, toByteOffset: 4 * index, as: Float.self) }
        }
        try request.infer()
        #expect(try request.outputTensor("y").elements(as: Float.self) == IR.sums)
    }

    @Test func outputsOutliveTheirRequest() throws {
        let output: InferTensor
        do {
            let request = try compiled(IR.matMul(rows: "1"), weights: IR.weights).makeRequest()
            try request.setInput("x", to: ones([1, 3]))
            try request.infer()
            output = try request.output("y")
        }
        #expect(try output.copy().elements(as: Float.self) == IR.sums)
    }

    @Test func refusesMemoryThatDoesNotFit() throws {
        let memory = Memory([1, 1, 1])
        #expect(throws: OpenVINOError.byteCount(.f32, [2, 2], expected: 16, found: 12)) {
            try InferTensor(borrowing: memory.bytes, owner: memory, shape: [2, 2], of: .f32)
        }
        #expect(throws: OpenVINOError.impossibleTensor(.f32, [-1])) { try InferTensor(zeros: [-1], of: .f32) }
        #expect(throws: OpenVINOError.impossibleTensor(.u8, [.max, 2])) { try InferTensor(zeros: [.max, 2], of: .u8) }
        #expect(throws: OpenVINOError.impossibleTensor(.dynamic, [1])) { try InferTensor(zeros: [1], of: .dynamic) }
        // More memory than any machine has.
        #expect(throws: OpenVINOError.self) { try InferTensor(zeros: [1 << 60], of: .u8) }

        let request = try compiled(IR.matMul(rows: "1"), weights: IR.weights).makeRequest()
        let lent = try InferTensor(Tensor(zeros: [1, 4]))
        #expect(throws: OpenVINOError.readOnly(port: "y")) { try request.setOutput("y", to: lent) }
        #expect(throws: OpenVINOError.shape(port: "y", expected: [1, 4], found: [2, 4])) {
            try request.setOutput("y", to: InferTensor(zeros: [2, 4], of: .f32))
        }
    }

    /// Nothing is written if a dynamic output is larger than the memory that was set for it.
    @Test func refusesOutputsThatOutgrowTheirMemory() throws {
        let request = try compiled(IR.matMul(), weights: IR.weights).makeRequest()
        let memory = Memory([-1, -1, -1, -1, -1, -1, -1, -1])
        let lent = UnsafeMutableRawBufferPointer(rebasing: memory.bytes[..<16])
        try request.setOutput("y", to: InferTensor(borrowing: lent, owner: memory, shape: [1, 4], of: .f32))
        try request.setInput("x", to: ones([2, 3]))
        expectFailure(saying: "[2,4]") { try request.infer() }
        #expect(memory.values == [Float](repeating: -1, count: 8))
        try request.setInput("x", to: ones([1, 3]))
        try request.infer()
        #expect(memory.values == IR.sums + [-1, -1, -1, -1])
    }

    @Test func tensorsWithoutElements() throws {
        for shape: Shape in [[0], [2, 0, 3]] {
            let tensor = try InferTensor(Tensor(zeros: shape))
            #expect(try tensor.shape == shape)
            #expect(try tensor.copy().byteCount == 0)
            #expect(try InferTensor(zeros: shape, of: .u4).copy().shape == shape)
        }
    }
}
