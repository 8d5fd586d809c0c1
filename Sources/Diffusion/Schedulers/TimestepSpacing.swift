/// The spacing of timesteps over the training steps (Lin et al. 2023, table 2).
public enum TimestepSpacing: String, Sendable, CaseIterable {
    case leading, linspace, trailing
}

extension TimestepSpacing {
    /// Timesteps spread over the training steps, descending.
    ///
    /// Reference: `set_timesteps` of diffusers' schedulers, with NumPy's `linspace` and `arange` in double precision. An
    /// additional timestep at -1, which trailing spacing can give by rounding (for 61 steps over 1000, for example), is dropped.
    /// - Parameters:
    ///   - count: the number of steps, 1 to `trained`.
    ///   - end: the number of training steps to use; nil for all.
    ///   - isOpen: whether to space one more interval and drop its clean end, as for solvers, which step to σ = 0 at the end.
    ///     Trailing spacing has such an end in any case.
    ///   - isRounded: whether timesteps of `linspace` are whole numbers.
    /// - Throws: `SchedulerError.moreStepsThanTraining` where two timesteps would be equal.
    func timesteps(
        count: Int, trained: Int, end: Int? = nil, offset: Int, isOpen: Bool = false, isRounded: Bool = true
    ) throws(SchedulerError) -> [Double] {
        let end = end ?? trained
        let points = isOpen ? count + 1 : count
        var result: [Double]
        switch self {
        case .linspace:
            result = Self.linspace(0, Double(end - 1), count: points).reversed()
            if isRounded { result = result.map { $0.rounded(.toNearestOrEven) } }
        case .leading:
            let stride = end / points
            result = (0..<points).reversed().map { Double($0 * stride + offset) }
        case .trailing:
            let (start, stride) = (Double(end), Double(trained) / Double(count))
            let step = (start - stride) - start
            result = (0..<Int((start / stride).rounded(.up))).map { (start + Double($0) * step).rounded(.toNearestOrEven) - 1 }
            result.removeAll { $0 < 0 }
        }
        if isOpen, self != .trailing { result.removeLast() }
        let isDescending = zip(result, result.dropFirst()).allSatisfy { $0 > $1 }
        guard !result.isEmpty, isDescending else { throw .moreStepsThanTraining(count, trained: trained) }
        return result
    }

    /// Timesteps as training indices.
    /// - Throws: as `timesteps`; `SchedulerError.option` where `offset` leads beyond the training steps.
    func indices(count: Int, trained: Int, offset: Int) throws(SchedulerError) -> [Int] {
        let indices = try timesteps(count: count, trained: trained, offset: offset).map { Int($0) }
        try SchedulerError.check(
            indices[0] < trained, "steps_offset", "less, as \(count) steps then begin at \(indices[0]) of \(trained)", offset)
        return indices
    }

    /// `numpy.linspace`.
    static func linspace(_ start: Double, _ end: Double, count: Int) -> [Double] {
        guard count > 1 else { return [Double](repeating: start, count: count) }
        let step = (end - start) / Double(count - 1)
        return (0..<count).map { $0 == count - 1 ? end : Double($0) * step + start }
    }
}
