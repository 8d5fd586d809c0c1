import Foundation
import OpenVINO

/// A request and what it measured.
///
/// @unchecked: one thread at a time uses it, the caller's between measurements and the lane's own during one.
final class RequestLane: @unchecked Sendable {
    let request: InferRequest
    private let data: InputData
    /// Whether each inference takes the inputs of its turn.
    private let setsInputs: Bool

    /// A measured inference.
    struct Sample {
        let turn: Int
        let seconds: Double
    }

    private(set) var samples: [Sample] = []
    private(set) var failure: (any Error)?
    private(set) var end = ContinuousClock.now

    init(_ model: CompiledModel, _ data: InputData, number: Int, setsInputs: Bool) throws {
        request = try model.makeRequest()
        self.data = data
        self.setsInputs = setsInputs
        try set(turn: number)
    }

    private func set(turn: Int) throws {
        for (index, tensor) in data.values(turn) { try request.setInput(index, to: tensor) }
    }

    /// Runs one inference.
    /// - Returns: its seconds.
    func inferOnce() throws -> Double {
        let start = ContinuousClock.now
        try request.infer()
        return (ContinuousClock.now - start) / .seconds(1)
    }

    /// Runs inferences until the schedule ends.
    func run(_ schedule: TurnSchedule) {
        samples.removeAll(keepingCapacity: true)
        failure = nil
        do {
            while let turn = schedule.take() {
                if let begin = schedule.begin(of: turn, batch: data.batches[turn % data.count]) {
                    let wait = (begin - ContinuousClock.now) / .seconds(1)
                    if wait > 0 { Thread.sleep(forTimeInterval: wait) }
                }
                if setsInputs { try set(turn: turn) }
                samples.append(Sample(turn: turn, seconds: try inferOnce()))
            }
        } catch {
            failure = error
            schedule.stop()
        }
        end = .now
    }
}
