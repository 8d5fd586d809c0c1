import Adapters
import Architectures
import Foundation
import Inference
import ModelGraph
import ModelLoading
import OpenVINO
import TensorStore
import TestSupport

/// LoRAs applied to small networks by diffusers: `Tests/Goldens/Adapters/make.py`.
struct GoldenLoRA {
    /// The set with the weights that the reference had.
    let set: LoRASet
    let outputs: SafetensorsCheckpoint

    static let weights: [Float] = [0.8, -0.6]

    /// - Parameter scales: nil for those of diffusers' goldens.
    init(_ name: String, files: Int = 2, scales: [Float]? = nil) throws {
        let folder = Goldens.url("Adapters")
        let scales = scales ?? Self.weights
        set = try LoRASet(
            (0..<files).map {
                .init(try LoRA(path: folder.appending(path: "\(name).\($0).safetensors").path), scale: scales[$0])
            })
        outputs = try SafetensorsCheckpoint(path: folder.appending(path: "\(name).safetensors").path)
    }

    func output(_ network: AdaptedNetwork) throws -> Tensor { try outputs.tensor(named: network.rawValue) }
}

/// A small network of the areas `unet` and `clip`.
struct SmallNetwork {
    let component: Component
    let values: SafetensorsCheckpoint

    init(_ path: String, _ className: String, library: String = "diffusers") throws {
        let folder = Goldens.url(path)
        component = Component(name: path, library: library, className: className, folder: folder)
        values = try SafetensorsCheckpoint(path: folder.appending(path: "golden.safetensors").path)
    }

    static func unet(_ name: String) throws -> SmallNetwork {
        try SmallNetwork("Architectures/unet/\(name)", "UNet2DConditionModel")
    }

    static func text(_ name: String) throws -> SmallNetwork {
        try SmallNetwork("Architectures/clip/\(name)", "CLIPTextModel", library: "transformers")
    }

    /// - Parameter isDynamic: whether sizes are known at run time only, as in exported models.
    func unetGraph(isDynamic: Bool = false) throws -> Graph {
        let (sample, states) = (try values.tensor(named: "sample").shape, try values.tensor(named: "encoder_hidden_states").shape)
        let network = try Registry.make(component.config(), from: Registry.unets)
        return try network.graph(
            component.weights(),
            isDynamic
                ? .init(batch: .any, height: .any, width: .any, tokens: .any, timesteps: .any, timestepType: .i64)
                : .init(
                    batch: .fixed(sample[0]), height: .fixed(sample[2]), width: .fixed(sample[3]), tokens: .fixed(states[1])))
    }

    func textGraph() throws -> Graph {
        let network = try Registry.make(component.config(), from: Registry.textEncoders)
        let ids = try values.tensor(named: "input_ids").shape
        return try network.graph(component.weights(), batch: .fixed(ids[0]), tokens: ids[1])
    }

    /// The recorded inputs, those of `over` over them.
    func input(_ name: String, _ elementType: ElementType, over: [String: Tensor] = [:]) throws -> Tensor {
        try over[name] ?? values.tensor(named: name).converted(to: elementType)
    }

    func run(_ graph: Graph, _ over: [String: Tensor] = [:]) throws -> [String: Tensor] {
        try Runner(graph).run { try input($0, $1, over: over) }
    }
}

/// A compiled graph.
struct Runner {
    let graph: Graph
    let request: InferRequest

    init(_ graph: Graph, profiling: Bool = false) throws {
        self.graph = graph
        request = try Executable("test", SizedGraph(graph), CompileOptions(profiling: profiling)).model.makeRequest()
    }

    func run(_ input: (String, ElementType) throws -> Tensor) throws -> [String: Tensor] {
        for port in request.model.inputs {
            if let name = port.name { try request.setInput(name, to: input(name, port.elementType)) }
        }
        try request.infer()
        var outputs: [String: Tensor] = [:]
        for result in graph.results {
            let value = result.inputs[0]
            for name in graph.nodes[value.node].outputs[value.port].names { outputs[name] = try request.outputTensor(name) }
        }
        return outputs
    }

    /// Nodes of the compiled network.
    var nodeCount: Int { get throws { try request.profilingInfo().count } }
}

extension LoRASet {
    /// The inputs of the run-time form.
    var scaleTensors: [String: Tensor] { get throws { try scales(for: .unet).mapValues { try Tensor([$0], shape: [1]) } } }
}

extension TemporaryFolder {
    /// Writes a safetensors file of random tensors and returns its path.
    func lora(_ shapes: [String: Shape], metadata: [String: String]? = nil, values: [String: [Float]] = [:]) throws -> String {
        var writer = SafetensorsWriter(metadata: metadata)
        var random = SystemRandomNumberGenerator()
        for (name, shape) in shapes {
            let count = shape.reduce(1, *)
            let elements = values[name] ?? (0..<count).map { _ in Float.random(in: -1...1, using: &random) }
            try writer.add(name, Tensor(elements, shape: shape))
        }
        let path = url.appending(path: "\(UUID().uuidString).safetensors").path
        try writer.write(to: path)
        return path
    }
}
