import Architectures
import Foundation
import ModelGraph
import ModelLoading
import OpenVINO
import TensorStore

/// A network of a checkpoint, in a component's folder in diffusers' or transformers' layout, with dynamic shapes.
struct ComponentModel {
    let model: Model
    /// The shapes that its config is for, by the input's name.
    let usualShapes: [String: PartialShape]

    /// - Throws: `ModelError`, `ArchitectureError`, `SafetensorsError`, `GraphError`, `OpenVINOError`.
    init(_ folder: String) throws {
        let url = URL(filePath: folder)
        let config = try JSONFile.read(url.appending(path: "config.json"))
        let own = config["_class_name"]?.string
        let className = own ?? config["architectures"]?.array?.first?.string ?? ""
        let library: NetworkLibrary = own == nil ? .transformers : .diffusers
        let kind = try Registry.kind(of: className, in: library, file: url.appending(path: "config.json").path)
        let component = Component(
            name: kind.component, library: library.rawValue, className: className, folder: url)
        let (graph, shapes) = try Self.graph(component)
        let serialized = try graph.serialized()
        model = try Core.shared.readModel(xml: serialized.xml, weights: serialized.weightsTensor())
        usualShapes = shapes
    }

    /// The tokens of a prompt.
    private static let tokens = 77

    private static func graph(_ component: Component) throws -> (Graph, [String: PartialShape]) {
        switch component.name {
        case Registry.unets.component:
            let network = try component.network(from: Registry.unets)
            let config = network.architecture.config
            let side = Dimension.fixed(config.sampleSize ?? 64)
            let graph = try network.exportedGraph()
            let shapes: [String: PartialShape] = [
                "sample": [1, .fixed(config.inChannels), side, side], "timestep": [1],
                "encoder_hidden_states": [1, .fixed(tokens), .any], "timestep_cond": [1, .any], "text_embeds": [1, .any],
                "time_ids": [1, .any],
            ]
            return (graph, shapes)
        case Registry.autoencoders.component:
            let network = try component.network(from: Registry.autoencoders)
            return (try network.exportedDecoder(), ["latent_sample": [1, .any, 64, 64]])
        case Registry.textEncoders.component:
            let network = try component.network(from: Registry.textEncoders)
            let tokens = min(tokens, network.architecture.config.maxPositionEmbeddings)
            return (try network.exportedGraph(tokens: tokens), ["input_ids": [1, .fixed(tokens)]])
        case Registry.speechRecognizers.component:
            let network = try component.network(from: Registry.speechRecognizers)
            return (try network.encoder().graph, [:])
        default:
            throw BenchmarkError.modelFolder(
                path: component.folder.path, reason: "a network of the class \(component.className) can't be measured alone")
        }
    }
}
