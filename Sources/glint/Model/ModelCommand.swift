import ArgumentParser
import Architectures
import Diffusion
import Foundation
import ModelGraph
import ModelLoading
import TensorStore

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Say what a model holds, and whether it can be run.")

    @Argument(
        help: ArgumentHelp(
            "A folder in diffusers' layout or of IR, a .safetensors file, or the name of one that was pulled. (default: the "
                + "repository's emoji-lcm)", valueName: "folder|file|owner/name"))
    var model: String?
    @Flag(help: "Print one JSON object instead of text.") var json = false

    fileprivate static let safetyChecker = "safety_checker"

    func run() throws {
        let source = try ModelSource(ModelLocation.resolve(model))
        // Everything that a first use would refuse is refused here.
        var notes = try LatentDiffusionModel(source).notes
        var components: [ComponentReport] = []
        for component in source.networks.sorted(by: { $0.name < $1.name }) {
            do {
                components.append(try ComponentReport(component))
            } catch  where component.name == Self.safetyChecker {
                // Pictures are drawn without it.
                components.append(try ComponentReport(component, readsWeights: false))
                notes.append("\(error) --safety can't be used.")
            }
        }
        if json {
            print(
                try jsonText(
                    ModelReport(path: source.url.path, pipeline: source.pipelineClass, notes: notes, components: components)))
            return
        }
        print("\(source.pipelineClass) in \(source.url.path)\n")
        var table = TextTable(columns: ["", "class", "parameters", "precision", "size"])
        for component in components {
            table.add([
                component.name, component.className,
                component.parameters.map { String(format: "%.2f M", Double($0) / 1e6) } ?? "",
                component.precisions.joined(separator: ", "), component.bytes.map { format(bytes: $0) } ?? "",
            ])
        }
        print(table.text)
        for note in notes { print("\nnote: \(note)") }
    }
}

private struct ModelReport: Encodable {
    let path: String
    let pipeline: String
    let notes: [String]
    let components: [ComponentReport]
}

private struct ComponentReport: Encodable {
    let name: String
    let className: String
    let parameters: Int?
    /// Element types of the weights.
    let precisions: [String]
    let bytes: Int?

    /// - Parameter readsWeights: false for one whose weights are known to be missing.
    init(_ component: Component, readsWeights: Bool = true) throws {
        name = component.name
        className = component.className
        // Tokenizers and schedulers have no weights.
        guard readsWeights, component.hasWeights else {
            (parameters, precisions, bytes) = (nil, [], nil)
            return
        }
        if component.hasIR {
            let graph = try IRReader.read(path: component.folder.appending(path: Component.irName).path)
            let constants = graph.nodes.filter { $0.constant != nil && ($0.outputs[0].shape.fixed?.checkedElementCount ?? 0) > 1 }
            parameters = constants.reduce(0) { $0 + ($1.outputs[0].shape.fixed?.checkedElementCount ?? 0) }
            // Indices and shapes are no weights.
            precisions = Set(constants.map(\.outputs[0].elementType).filter { ![.i64, .i32].contains($0) }.map(\.rawValue))
                .sorted()
            bytes = constants.reduce(0) { $0 + ($1.constant?.byteCount ?? 0) }
            return
        }
        let weights = try component.weights()
        parameters = weights.parameterCount
        precisions = Set(weights.entries.values.map(\.elementType.rawValue)).sorted()
        bytes = weights.entries.values.reduce(0) { $0 + $1.data.byteCount }
    }

    enum CodingKeys: String, CodingKey {
        case name, parameters, precisions, bytes
        case className = "class"
    }
}
