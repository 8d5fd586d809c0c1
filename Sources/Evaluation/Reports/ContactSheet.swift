public import Imaging

/// Pictures side by side: a row for each case, a column for each of its results, separated by lines of one colour.
public struct ContactSheet: Sendable {
    /// Pixels between pictures.
    public var separation = 8
    public var background = RGBPixel(red: 255, green: 255, blue: 255)

    public init() {}

    /// One picture of all rows. Pictures of a column may differ in size: each is aligned to the upper left of its cell.
    /// - Throws: `EvaluationError.count` where there is no row, a row has no pictures, or its number differs from the first
    ///   row's; `ImageError.size` where the sheet would not fit into memory.
    public func picture(of rows: [[RGBImage]]) throws -> RGBImage {
        guard let columnCount = rows.first?.count, columnCount > 0 else {
            throw EvaluationError.count(what: "rows of pictures", expected: 1, found: 0)
        }
        for row in rows where row.count != columnCount {
            throw EvaluationError.count(what: "pictures in a row", expected: columnCount, found: row.count)
        }
        let separation = max(0, separation)
        let widths = (0..<columnCount).map { column in rows.map { $0[column].width }.max() ?? 0 }
        let heights = rows.map { row in row.map(\.height).max() ?? 0 }
        let width = widths.reduce(separation * (columnCount - 1), +)
        let height = heights.reduce(separation * (rows.count - 1), +)
        // The size and colour are checked here; the rows are then copied into the bytes.
        var bytes = try RGBImage(width: width, height: height, filledWith: background).bytes
        var top = 0
        for (row, rowHeight) in zip(rows, heights) {
            var left = 0
            for (picture, columnWidth) in zip(row, widths) {
                for y in 0..<picture.height {
                    let start = ((top + y) * width + left) * 3
                    let line = picture.bytes[y * picture.width * 3..<(y + 1) * picture.width * 3]
                    bytes.replaceSubrange(start..<start + line.count, with: line)
                }
                left += columnWidth + separation
            }
            top += rowHeight + separation
        }
        return try RGBImage(width: width, height: height, bytes: bytes)
    }
}
