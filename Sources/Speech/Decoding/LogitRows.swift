import CNumerics

// Logits are never NaN: those of a token that may not follow are −∞.

extension ArraySlice<Float> {
    /// log Σ exp(x); −∞ where all are.
    func logSumExp() -> Float { withUnsafeBufferPointer { cnumerics_log_sum_exp($0.baseAddress, $0.count) } }

    /// The largest value; −∞ for none.
    var largest: Float { withUnsafeBufferPointer { cnumerics_max($0.baseAddress, $0.count) } }
}

extension [Float] {
    /// The first index of the largest value; nil for none.
    var largestIndex: Int? { firstIndex(of: self[...].largest) }

    /// The largest values that are not −∞, the largest first, with their indices.
    func largest(_ count: Int) -> [(index: Int, value: Float)] {
        var found: [(index: Int, value: Float)] = []
        var least = -Float.infinity
        // Few blocks have a value that is among the largest so far.
        for start in stride(from: 0, to: self.count, by: 256) {
            let block = self[start..<Swift.min(start + 256, self.count)]
            guard block.largest > least else { continue }
            for index in block.indices where block[index] > least {
                let value = block[index]
                let place = found.firstIndex { $0.value < value } ?? found.count
                found.insert((index, value), at: place)
                if found.count > count { found.removeLast() }
                if found.count == count, let last = found.last { least = last.value }
            }
        }
        return found
    }
}
