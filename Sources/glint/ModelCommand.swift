import ArgumentParser
import Architectures
import Diffusion
import Foundation
import ModelGraph
import ModelLoading
import TensorStore

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Say what a model's folder holds, and whether it can be run.")

    @Argument(help: "A folder in diffusers' layout. (default: the repository's emoji-lcm)") var folder: String?
    @Flag(help: "Print one JSON object instead of text.") var json = false

    func run() throws {
        let folder = try ModelFolder(ModelLocation.resolve(folder))
        let components = try folder.networks.sorted { $0.name < $1.name }.map(ComponentReport.init)
        // Everything that a first use would refuse is refused here.
        _ = try LatentDiffusionModel(folder)
        if json {
            print(
                try jsonText(
                    ModelReport(path: folder.url.path, pipeline: folder.className, notes: folder.notes, components: components)))
            return
        }
        print("\(folder.className) in \(folder.url.path)\n")
        var table = TextTable(columns: ["", "class", "parameters", "precision", "size"])
        for component in components {
            table.add([
                component.name, component.className,
                component.parameters.map { String(format: "%.2f M", Double($0) / 1e6) } ?? "",
                component.precisions.joined(separator: ", "), component.bytes.map { format(bytes: $0) } ?? "",
            ])
        }
        print(table.text)
        for note in folder.notes { print("\nnote: \(note)") }
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

    init(_ component: Component) throws {
        name = component.name
        className = component.className
        // Tokenizers and schedulers have no weights.
        guard component.hasWeights else {
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
