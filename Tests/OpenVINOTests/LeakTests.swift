import Foundation
import Glibc
import OpenVINO
import TensorStore
import Testing

/// Each in a process of its own, where nothing else allocates.
struct LeakTests {
    @Test func memoryStaysFlatOverAThousandRequests() async {
        await #expect(processExitsWith: .success) {
            // 128 KiB a tensor: a leak of one shows as 125 MiB.
            let elements = 32_768
            let model = try compiled(IR.convert(.f32, to: .i32, "\(elements)"))
            let values = try Tensor([Float](repeating: 1, count: elements), shape: [elements])
            // A leak of one page a round shows.
            let growth = try residentGrowth(warmUp: 200, rounds: 1000) {
                let request = try model.makeRequest()
                try request.setInput(0, to: InferTensor(zeros: [elements], of: .f32))
                try request.infer()
                try request.setInput("x", to: values)
                try request.setOutput(0, to: InferTensor(zeros: [elements], of: .i32))
                try request.infer()
                guard try request.output(0).shape == [elements] else { exit(2) }
            }
            guard growth < 4 << 20 else { exit(3) }
        }
    }

    @Test func memoryStaysFlatOverManySmallObjects() async {
        await #expect(processExitsWith: .success) {
            let model = try compiled(IR.matMul(), weights: IR.weights)
            let request = try model.makeRequest()
            let values = try ones([1, 3])
            // A leak of 64 bytes a round shows.
            let growth = try residentGrowth(warmUp: 2000, rounds: 50_000) {
                try request.setInput("x_alias", to: values)
                guard try request.input("x").shape == [1, 3] else { exit(2) }
                guard try InferTensor(["a string longer than its object"], shape: [1]).strings().count == 1 else { exit(2) }
                guard try model.property(.inferencePrecision) == .f32 else { exit(2) }
                do {
                    try request.setInput("z", to: values)
                    exit(2)
                } catch is OpenVINOError {}
            }
            guard growth < 3 << 20 else { exit(3) }
        }
    }
}

/// By how many bytes the process's resident memory grows over `rounds`, after `warmUp` others.
private func residentGrowth(warmUp: Int, rounds: Int, _ round: () throws -> Void) throws -> Int {
    for _ in 0..<warmUp { try round() }
    let before = try residentBytes()
    for _ in 0..<rounds { try round() }
    return try residentBytes() - before
}

private func residentBytes() throws -> Int {
    let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
    return try #require(Int(fields[1])) * sysconf(Int32(_SC_PAGESIZE))
}
