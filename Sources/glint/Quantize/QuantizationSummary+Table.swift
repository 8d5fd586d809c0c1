import Foundation
import Workflows

extension QuantizationSummary {
    var table: String {
        var table = TextTable(columns: ["", "before", "after", "rate", "INT8", "weights only", "float"])
        for network in networks {
            func text(_ count: Int?) -> String { count.map { "\($0)" } ?? "" }
            table.add([
                network.name, format(bytes: network.bytesBefore), format(bytes: network.bytesAfter),
                network.bytesAfter > 0 ? String(format: "%.2f×", Double(network.bytesBefore) / Double(network.bytesAfter)) : "",
                text(network.int8Layers), text(network.weightLayers), text(network.floatLayers),
            ])
        }
        return "\(table.text)\n\n\(output) in \(format(seconds: seconds))"
            + (peakMemoryBytes.map { ", peak memory \(format(bytes: $0))" } ?? "")
    }
}
