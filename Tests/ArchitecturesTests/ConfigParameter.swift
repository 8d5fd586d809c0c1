@testable import Architectures
import Foundation
import ModelGraph
import TensorStore
import TestSupport
import Testing

/// What is expected of one parameter of a class. Values are JSON.
struct ConfigParameter: Sendable, CustomTestStringConvertible {
    enum Effect { case graph, elsewhere, none }

    let name: String
    /// Values other than the default that are taken.
    let accepted: [String]
    /// What taken values change: the network's graph, something outside of it, or nothing.
    let effect: Effect
    let refused: [String]
    /// Other parameters that are set meanwhile.
    let with: [String: String]

    init(
        _ name: String, _ accepted: [String] = [], _ effect: Effect = .graph, refused: [String] = [], with: [String: String] = [:]
    ) {
        self.name = name
        self.accepted = accepted
        self.effect = effect
        self.refused = refused
        self.with = with
    }

    /// One that inference does not depend on, whatever its value.
    static func inert(_ name: String, _ values: String...) -> ConfigParameter { ConfigParameter(name, values + ["null"], .none) }

    var testDescription: String { name }
}

/// A class whose configs are tried out.
struct ConfigClass<Config: Sendable>: Sendable {
    let className: String
    /// A small network's.
    let base: [String: String]
    let read: @Sendable (ConfigReader) throws -> Config
    let graph: @Sendable (Config, Weights) throws -> Graph

    func reader(_ changes: [String: String]) throws -> ConfigReader {
        let members = base.merging(changes) { _, new in new }.sorted { $0.key < $1.key }
        let text = "{" + members.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ") + "}"
        return ConfigReader(try JSONValue(parsing: text.utf8), className: className, file: "unet/config.json")
    }

    func config(_ changes: [String: String] = [:]) throws -> Config { try read(reader(changes)) }

    /// All that tells one network from another: the tensors that it takes, and its operations.
    func fingerprint(_ changes: [String: String] = [:]) throws -> [String] {
        let recorder = TensorRecorder(placeholder: try MappedFile(path: #filePath))
        let graph = try graph(config(changes), Weights(recording: recorder))
        let nodes = graph.nodes.map { node in
            var bytes = 0
            if case .bytes(let own) = node.constant { bytes = own.hashValue }
            return "\(node.name) \(node.type) \(node.attributes) \(node.inputs) \(node.outputs.map(\.shape)) \(bytes)"
        }
        return recorder.shapes.map { "\($0.key) \($0.value)" }.sorted() + nodes
    }

    /// Checks everything that `parameter` says.
    func check(_ parameter: ConfigParameter) throws {
        let plain = try fingerprint(parameter.with)
        for value in parameter.accepted {
            let found = try fingerprint(parameter.with.merging([parameter.name: value]) { _, new in new })
            #expect((found != plain) == (parameter.effect == .graph), "\(parameter.name) = \(value)")
        }
        for value in parameter.refused {
            let error = #expect(throws: ArchitectureError.self, "\(parameter.name) = \(value)") {
                try config(parameter.with.merging([parameter.name: value]) { _, new in new })
            }
            let text = error.map { "\($0)" } ?? ""
            #expect(text.contains("unet/config.json") && text.contains(parameter.name) && text.contains(className), "\(text)")
            // Of lists, the element at fault.
            let word = value.trimmingCharacters(in: ["\""])
            #expect(value.hasPrefix("[") || word.isEmpty || text.contains(word), "\(text) of \(value)")
        }
    }

    /// Any value for any parameter makes a network or a typed error.
    func checkNothingTraps(_ names: [String]) {
        let values = [
            "null", "true", "false", "-1", "0", "1", "3", "1.5", "-0.0", "1e300", "1e-300", "16777216", "1000000000000",
            "9223372036854775807", "-9223372036854775808", "\"x\"", "\"\"", "[]", "{}", "[[1]]", "[null, null]", "[0, 0]",
            "[1, 1]", "[16777216, 16777216]", "[[1, 1], [1, 1]]", "[[], []]", "{\"a\": 1}",
        ]
        for name in names {
            for value in values {
                do {
                    _ = try fingerprint([name: value])
                } catch is ArchitectureError {
                } catch is GraphError {
                } catch {
                    Issue.record("\(name) = \(value): \(error)")
                }
            }
        }
    }
}

/// Sizes that no network has.
let absurdSizes = ["0", "-1", "1000000000000", "9223372036854775807", "4.5", "\"4\"", "null", "[4]", "{}"]
