import Foundation
import Workflows

/// `1.23 s`, `45.6 ms`, `0.78 ms`.
func format(seconds: Double) -> String {
    seconds >= 1 ? String(format: "%.2f s", seconds) : String(format: seconds >= 0.01 ? "%.1f ms" : "%.2f ms", seconds * 1000)
}

func format(bytes: Int) -> String {
    bytes >= 1 << 30
        ? String(format: "%.2f GiB", Double(bytes) / 1_073_741_824)
        : String(format: bytes >= 100 << 20 ? "%.0f MiB" : "%.1f MiB", Double(bytes) / 1_048_576)
}

func jsonText(_ value: some Encodable) throws -> String { String(decoding: try value.reportJSON(), as: UTF8.self) }

/// Columns of text: the first aligned to the left, the others to the right.
struct TextTable {
    private var rows: [[String]]

    init(columns: [String]) { rows = [columns] }

    mutating func add(_ row: [String]) { rows.append(row) }

    var text: String {
        let widths = rows[0].indices.map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + padding : padding + cell
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
