import OpenVINO
import TensorStore

/// The values of all inputs, which inferences take in turn.
struct InputData {
    /// For each input by its index, the tensors of its turns.
    let tensors: [Int: [Tensor]]
    /// For each turn, what an inference computes: the batch.
    let batches: [Int]

    /// The number of different turns.
    var count: Int { batches.count }

    /// The values of a turn.
    func values(_ turn: Int) -> [(index: Int, tensor: Tensor)] {
        tensors.map { index, choices in (index, choices[turn % choices.count]) }
    }

    /// Reads or makes the inputs, and gives inputs of unknown size the shapes of their files.
    /// - Throws: `BenchmarkError.dynamicInputs` for inputs that have neither; the errors of reading.
    init(_ plan: inout InputPlan, _ files: InputFiles) throws {
        var tensors: [Int: [Tensor]] = [:]
        for position in plan.inputs.indices {
            let input = plan.inputs[position]
            guard let paths = files.paths[input.index] else { continue }
            if input.dataShapes.isEmpty {
                let read = try paths.indices.map { try input.tensor(of: paths, first: $0, shape: nil) }
                plan.inputs[position].dataShapes = read.map(\.shape)
                tensors[input.index] = read
            } else {
                let step = InputFiles.isPicture(paths[0]) ? input.batch(in: input.dataShapes[0]) ?? 1 : 1
                let turns = max(input.dataShapes.count, (paths.count + step - 1) / step)
                tensors[input.index] = try (0..<turns).map { turn in
                    try input.tensor(
                        of: paths, first: turn * step, shape: input.dataShapes[turn % input.dataShapes.count])
                }
            }
        }
        guard plan.undecided.isEmpty else { throw plan.dynamicInputs() }
        for input in plan.inputs where tensors[input.index] == nil {
            tensors[input.index] = try input.dataShapes.enumerated().map { turn, shape in
                try Tensor.random(shape, of: input.elementType, seed: UInt64(turn))
            }
        }
        self.tensors = tensors
        let count = tensors.values.map(\.count).max() ?? 1
        let checked = plan
        batches = try (0..<count).map { try checked.batch(group: $0) }
    }
}
