import Architectures
import Diffusion
public import Foundation
import ModelGraph
import ModelLoading
import TensorStore

/// The contents of a model, network by network.
public struct ModelReport: Encodable, Sendable {
    public let path: String
    public let pipeline: String
    public let notes: [String]
    public let components: [ComponentReport]

    private static let safetyChecker = "safety_checker"

    /// Reads the model in a folder or file.
    /// - Throws: as `LatentDiffusionModel.init`, and for unreadable networks; an unreadable safety checker is only noted.
    public init(_ url: URL) throws {
        let source = try ModelSource(url)
        // Every error of a first use is thrown here.
        var notes = try LatentDiffusionModel(source).notes
        var components: [ComponentReport] = []
        for component in source.networks.sorted(by: { $0.name < $1.name }) {
            do {
                components.append(try ComponentReport(component))
            } catch  where component.name == Self.safetyChecker {
                // Pictures can be drawn without it.
                components.append(try ComponentReport(component, readsWeights: false))
                notes.append("\(error) --safety can't be used.")
            }
        }
        (path, pipeline) = (source.url.path, source.pipelineClass)
        (self.notes, self.components) = (notes, components)
    }
}

/// A component of a model.
public struct ComponentReport: Encodable, Sendable {
    public let name: String
    public let className: String
    public let parameters: Int?
    /// Element types of the weights.
    public let precisions: [String]
    public let bytes: Int?

    /// - Parameter readsWeights: false for a component whose weights are missing.
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
            // Indices and shapes are not weights.
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
