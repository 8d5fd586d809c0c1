public import OpenVINO
import Foundation
import TensorStore

/// Files of properties by device, as `benchmark_app` reads and writes them: `{"CPU": {"NUM_STREAMS": "3"}}`.
public enum PropertyFile {
    /// The properties of a device; none where the file has none for it.
    /// - Throws: `BenchmarkError.option` for a file of another form.
    public static func read(_ path: String, device: String) throws -> Properties {
        func failure(_ reason: String) -> BenchmarkError { .option("-load_config", value: path, reason: reason) }
        guard let data = FileManager.default.contents(atPath: path) else { throw failure("it can't be read") }
        guard let json = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw failure("it must be JSON, an object for each device")
        }
        guard let values = json[device] ?? json[String(device.prefix { $0 != "." && $0 != ":" })] else { return [] }
        guard let object = values as? [String: Any] else { throw failure("the value of \(device) must be an object") }
        var properties: Properties = []
        for (key, value) in object {
            switch value {
            case let text as String: properties.set(.custom(key, text))
            case let number as NSNumber: properties.set(.custom(key, "\(number)"))
            default: throw failure("the value of \(key) must be text or a number")
            }
        }
        return properties
    }

    public static func write(_ properties: Properties, device: String, to path: String) throws {
        let data = try JSONEncoder.sorted.encode([device: properties.byKey])
        try data.write(to: URL(filePath: path), options: .atomic)
    }
}

extension JSONEncoder {
    fileprivate static var sorted: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return encoder
    }
}

extension Properties {
    fileprivate var byKey: [String: String] {
        // Neither keys nor values of properties have spaces.
        description.split(separator: " ").reduce(into: [:]) { result, pair in
            let parts = pair.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
        }
    }
}
