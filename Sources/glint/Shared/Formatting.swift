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
