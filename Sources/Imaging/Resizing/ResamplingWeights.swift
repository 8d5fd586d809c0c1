/// The weights of old samples in each new one along an axis, in Pillow's fixed point.
struct ResamplingWeights {
    static let fractionBits: Int32 = 22
    /// What is added so that cutting off the fraction rounds.
    static let half: Int32 = 1 << (fractionBits - 1)

    /// The first old sample of each new one.
    private(set) var firsts: [Int] = []
    /// How many old samples each new one has.
    private(set) var counts: [Int] = []
    /// `stride` weights for each new sample, of which the first `counts` are used.
    private(set) var weights: [Int32] = []
    let stride: Int

    init(_ filter: ResamplingFilter, from oldSize: Int, to newSize: Int) {
        let scale = Double(oldSize) / Double(newSize)
        let support = filter.support * max(scale, 1)
        let narrowing = 1 / max(scale, 1)
        stride = min(Int(support.rounded(.up)) * 2 + 1, oldSize)
        weights.reserveCapacity(stride * newSize)
        for index in 0..<newSize {
            let center = (Double(index) + 0.5) * scale
            let first = max(0, Int(center - support + 0.5))
            let end = min(oldSize, Int(center + support + 0.5))
            let exact = (first..<end).map { filter.weight((Double($0) - center + 0.5) * narrowing) }
            let sum = exact.reduce(0, +)
            firsts.append(first)
            counts.append(exact.count)
            for weight in exact { weights.append(Self.fixed(sum == 0 ? weight : weight / sum)) }
            weights.append(contentsOf: repeatElement(0, count: stride - exact.count))
        }
    }

    private static func fixed(_ weight: Double) -> Int32 {
        Int32(weight * Double(1 << fractionBits) + (weight < 0 ? -0.5 : 0.5))
    }
}
