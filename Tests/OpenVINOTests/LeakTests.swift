import Foundation
import Glibc
import OpenVINO
import TensorStore
import Testing

/// Each measurement runs in its own process, where nothing else allocates.
struct LeakTests {
    @Test func memoryStaysFlatOverAThousandRequests() async {
        await #expect(processExitsWith: .success) {
            // 128 KiB per tensor: a leak of one per round shows as 125 MiB.
            let elements = 32_768
            let model = try compiled(IR.convert(.f32, to: .i32, "\(elements)"))
            let values = try Tensor([Float](repeating: 1, count: elements), shape: [elements])
            // The bound detects a leak of one page per round.
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
            // The bound detects a leak of 64 bytes per round.
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

/// Growth of the process's resident memory, in bytes, over `rounds`, after `warmUp` further rounds.
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
