import Foundation

/// How well tokens fit the positions of the sound: `[rows, columns]`, greater where they fit better.
struct AlignmentMatrix: Equatable {
    let rows: Int
    let columns: Int
    var values: [Float]

    init(rows: Int, columns: Int, values: [Float]) {
        precondition(values.count == rows * columns, "a matrix has rows × columns values")
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    /// Positions over which the median is taken.
    private static let medianWidth = 7

    /// Joins the heads' attention: what a head gives to one position is compared between tokens, smoothed along time, and averaged
    /// over heads.
    ///
    /// Reference: CTranslate2's `WhisperReplica::align`; OpenAI's `find_alignment`.
    /// - Parameters:
    ///   - tokens: the rows of the result.
    ///   - positions: those with sound, at most `attention.positions`.
    init(_ attention: TextAttention, tokens: Range<Int>, positions: Int) {
        var sum = [Float](repeating: 0, count: tokens.count * positions)
        for head in 0..<attention.heads {
            var weights = AlignmentMatrix.softmax(attention, head: head, positions: positions)
            AlignmentMatrix.normalizeColumns(&weights, columns: positions)
            for (row, token) in tokens.enumerated() {
                let smooth = medianFiltered(weights[token * positions..<(token + 1) * positions], width: Self.medianWidth)
                for column in 0..<positions { sum[row * positions + column] += smooth[column] }
            }
        }
        self.init(rows: tokens.count, columns: positions, values: sum.map { $0 / Float(attention.heads) })
    }

    /// The share of attention of each token `[tokens, positions]` that each of the first positions has.
    private static func softmax(_ attention: TextAttention, head: Int, positions: Int) -> [Float] {
        (0..<attention.tokens).flatMap { token in
            let start = (head * attention.tokens + token) * attention.positions
            let scores = attention.scores[start..<start + positions]
            let total = scores.logSumExp()
            return scores.map { exp($0 - total) }
        }
    }

    /// Makes the mean of each column 0 and its standard deviation 1. A column without differences, or with numbers that are none,
    /// becomes 0.
    private static func normalizeColumns(_ values: inout [Float], columns: Int) {
        let rows = values.count / columns
        for column in 0..<columns {
            var mean: Float = 0
            for row in 0..<rows { mean += values[row * columns + column] }
            mean /= Float(rows)
            var variance: Float = 0
            for row in 0..<rows {
                let difference = values[row * columns + column] - mean
                variance += difference * difference
            }
            let deviation = (variance / Float(rows)).squareRoot()
            for row in 0..<rows {
                let value = (values[row * columns + column] - mean) / deviation
                values[row * columns + column] = value.isFinite ? value : 0
            }
        }
    }
}
