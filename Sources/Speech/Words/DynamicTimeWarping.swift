extension AlignmentMatrix {
    private enum Step: UInt8 {
        case both, row, column
    }

    /// The column at which each row begins on the way from the first value to the last that has the greatest sum, and never goes
    /// back; none for a matrix without values.
    ///
    /// Reference: OpenAI's `dtw_cpu`, over the negative matrix; of equal ways the same one is taken.
    var rowStarts: [Int] {
        guard !values.isEmpty else { return [] }
        var steps = [Step](repeating: .both, count: rows * columns)
        // The cost before each row, with a column before the first.
        var above = [Float](repeating: .infinity, count: columns + 1)
        above[0] = 0
        for row in 0..<rows {
            var current = [Float](repeating: .infinity, count: columns + 1)
            for column in 0..<columns {
                let (both, up, left) = (above[column], above[column + 1], current[column])
                let (cost, step): (Float, Step) =
                    if both < up, both < left {
                        (both, .both)
                    } else if up < both, up < left {
                        (up, .row)
                    } else {
                        (left, .column)
                    }
                current[column + 1] = cost - values[row * columns + column]
                steps[row * columns + column] = step
            }
            above = current
        }
        var starts = [Int](repeating: 0, count: rows)
        var (row, column) = (rows - 1, columns - 1)
        while row >= 0, column >= 0 {
            starts[row] = column
            let step = steps[row * columns + column]
            if step != .row { column -= 1 }
            if step != .column { row -= 1 }
        }
        return starts
    }
}
