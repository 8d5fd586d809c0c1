import Foundation
import OpenVINO
import TensorStore
import Testing

/// A request that is used by several threads while it is running.
private actor Worker {
    private let request: InferRequest
    private(set) var isInferring = false

    init(_ model: CompiledModel) throws { request = try model.makeRequest() }

    func setInput(_ tensor: Tensor) throws { try request.setInput(0, to: tensor) }
    func output() throws -> [Float] { try request.outputTensor(0).elements() }
    func profilingInfo() throws -> [ProfilingInfo] { try request.profilingInfo() }

    func infer() async throws {
        isInferring = true
        defer { isInferring = false }
        try await request.infer()
    }
}

struct ConcurrencyTests {
    /// A long inference: about 20 GFLOP.
    private static let length = 40
    private static func longModel() throws -> CompiledModel {
        try compiled(IR.chain(length: length, size: 640), [.enableProfiling(true)])
    }
    /// A matrix that is its own square, so that no product overflows.
    private static func projection() throws -> Tensor {
        try Tensor([Float](repeating: 1 / 640, count: 640 * 640), shape: [640, 640])
    }

    @Test func infersWithoutBlocking() async throws {
        let request = try compiled(IR.matMul(), weights: IR.weights).makeRequest()
        try request.setInput("x", to: ones([1, 3]))
        for _ in 0..<20 { try await request.infer() }
        #expect(try request.outputTensor("y").elements(as: Float.self) == IR.sums)
    }

    @Test func requestsOfOneModelRunSideBySide() async throws {
        let model = try compiled(IR.matMul(), weights: IR.weights, [.numStreams(4)])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 1...8 {
                group.addTask {
                    let request = try model.makeRequest()
                    for round in 1...50 {
                        let value = Float(task * round)
                        try request.setInput("x", to: Tensor([value, value, value], shape: [1, 3]))
                        try await request.infer()
                        #expect(try request.outputTensor("y").elements(as: Float.self) == IR.sums.map { $0 * value })
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func cancellingStopsTheInference() async throws {
        // On a busy machine the inference may end before it is cancelled, so there are several attempts. Each has its own
        // model, since profiling counts all requests of a model.
        var executed = Self.length
        for _ in 0..<20 where executed == Self.length {
            let worker = try Worker(Self.longModel())
            try await worker.setInput(Self.projection())
            let task = Task { try await worker.infer() }
            while await !worker.isInferring { await Task.yield() }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            executed = try await worker.profilingInfo().count { $0.nodeName.hasPrefix("mm") && $0.status == .executed }

            // The request can be used again.
            try await worker.infer()
            #expect(abs(try await worker.output()[0] * 640 - 1) < 1e-3)
        }
        #expect(executed < Self.length)
    }

    @Test func aCancelledTaskStartsNothing() async throws {
        let worker = try Worker(Self.longModel())
        try await worker.setInput(Self.projection())
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await worker.infer()
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func aBusyRequestRefusesOtherCalls() async throws {
        let (model, projection) = (try Self.longModel(), try Self.projection())
        let calls: [@Sendable (Worker) async throws -> Void] = [
            { try await $0.setInput(projection) }, { _ = try await $0.output() }, { try await $0.infer() },
        ]
        for call in calls {
            // On a busy machine the inference may end before the call, so there are several attempts.
            var status: Status?
            for _ in 0..<20 where status == nil {
                let worker = try Worker(model)
                try await worker.setInput(projection)
                let task = Task { try await worker.infer() }
                while await !worker.isInferring { await Task.yield() }
                do { try await call(worker) } catch OpenVINOError.runtime(_, let code, _) { status = code }
                try await task.value
                #expect(abs(try await worker.output()[0] * 640 - 1) < 1e-3)
            }
            #expect(status == .requestBusy)
        }
    }

    @Test func aRequestMayGoWhileItIsInferred() async throws {
        let model = try Self.longModel()
        for _ in 0..<3 {
            let task = Task {
                let request = try model.makeRequest()
                try request.setInput(0, to: Self.projection())
                try await request.infer()
            }
            try await Task.sleep(for: .milliseconds(5))
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    /// Runs in its own process: a long call of another test that fails at the same time may replace the message.
    @Test func eachFailureHasItsOwnMessage() async {
        await #expect(processExitsWith: .success) {
            let model = try compiled(IR.matMul(), weights: IR.weights)
            let failures = await withTaskGroup(of: Int.self) { group in
                for task in 0..<8 {
                    group.addTask {
                        (0..<500).count { round in
                            let key = "NO_SUCH_KEY_\(task)_\(round)_"
                            do throws(OpenVINOError) {
                                _ = try model.property(PropertyKey<String>(key))
                                return true
                            } catch { return !error.details.contains(key) }
                        }
                    }
                }
                return await group.reduce(0, +)
            }
            guard failures == 0 else { exit(1) }
        }
    }

    @Test func failuresWhileInferringAreThrown() async throws {
        let request = try compiled(IR.product()).makeRequest()
        try request.setInput("a", to: ones([2, 3]))
        try request.setInput("b", to: ones([4, 5]))
        expectFailure(saying: "input shapes are incompatible") { try request.infer() }
        let error = await #expect(throws: OpenVINOError.self) { try await request.infer() }
        #expect(error?.status == .generalError)
        try request.setInput("b", to: ones([3, 1]))
        try await request.infer()
        #expect(try request.outputTensor(0).elements(as: Float.self) == [3, 3])
    }
}
