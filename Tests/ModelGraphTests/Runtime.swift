import Foundation
import ModelGraph
import OpenVINO
import TensorStore
import Testing

/// Runs `body` with a folder that is gone afterwards.
func withTemporaryFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "ModelGraphTests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
}

extension String {
    /// Writes a file in the folder that this is the path of, and maps it.
    func map(_ name: String, _ content: [UInt8]) throws -> MappedFile {
        try Data(content).write(to: URL(filePath: self + "/" + name))
        return try MappedFile(path: self + "/" + name)
    }
}

/// The bytes of `values` as they lie in memory.
func bytes<Element: BitwiseCopyable>(_ values: [Element]) -> [UInt8] { values.withUnsafeBytes(Array.init) }

/// The graph as the runtime reads it from memory.
func runtimeModel(_ graph: Graph) throws -> Model {
    let serialized = try graph.serialized()
    return try Core.shared.readModel(xml: serialized.xml, weights: serialized.weightsTensor())
}

/// Compiles in plain f32 and runs on `inputs`, in the order of the model's inputs.
/// - Returns: the outputs in their order.
func run(_ model: Model, _ inputs: [Tensor] = []) throws -> [Tensor] {
    let request = try Core.shared.compile(model, properties: .exact).makeRequest()
    return try run(request, inputs)
}

func run(_ request: InferRequest, _ inputs: [Tensor]) throws -> [Tensor] {
    for (index, tensor) in inputs.enumerated() { try request.setInput(index, to: tensor) }
    try request.infer()
    return try request.model.outputs.indices.map { try request.outputTensor($0) }
}

func run(_ graph: Graph, _ inputs: [Tensor] = []) throws -> [Tensor] { try run(runtimeModel(graph), inputs) }

/// What `build` makes of inputs of the given shapes, as the one output `y` of a graph.
///
/// Expects the runtime to infer the type and the shape that the graph has, which bounds of dynamic axes may only widen.
@discardableResult
func check(
    _ inputs: (ElementType, PartialShape)..., expected: PartialShape, sourceLocation: SourceLocation = #_sourceLocation,
    _ build: (inout Graph, [Value]) throws -> Value
) throws -> Graph {
    var graph = Graph()
    let values = inputs.enumerated().map { graph.parameter("x\($0.offset)", $0.element.0, $0.element.1) }
    let value = try build(&graph, values)
    graph.result(value, name: "y")
    #expect(value.shape == expected, sourceLocation: sourceLocation)
    let port = try runtimeModel(graph).output(0)
    #expect(port.elementType == value.elementType, sourceLocation: sourceLocation)
    #expect(
        value.shape.contains(port.shape), "the runtime infers \(port.shape), the graph \(value.shape)",
        sourceLocation: sourceLocation)
    if value.shape.fixed != nil { #expect(port.shape == value.shape, sourceLocation: sourceLocation) }
    return graph
}

extension PartialShape {
    /// Whether every shape that `other` stands for is one that this stands for.
    fileprivate func contains(_ other: PartialShape) -> Bool {
        guard let dimensions else { return true }
        guard let others = other.dimensions, others.count == dimensions.count else { return false }
        return zip(dimensions, others).allSatisfy { mine, other in
            let (low, high) = mine.bounds
            let (otherLow, otherHigh) = other.bounds
            return low <= otherLow && otherHigh ?? .max <= high ?? .max
        }
    }
}

extension TensorStore.Dimension {
    fileprivate var bounds: (Int, Int?) {
        switch self {
        case .fixed(let size): (size, size)
        case .dynamic(let minimum, let maximum): (minimum, maximum)
        }
    }
}

/// What `build` makes of `inputs`, computed by the runtime.
func compute(_ inputs: Tensor..., build: (inout Graph, [Value]) throws -> Value) throws -> Tensor {
    var graph = Graph()
    let values = inputs.enumerated().map {
        graph.parameter("x\($0.offset)", $0.element.elementType, PartialShape($0.element.shape))
    }
    graph.result(try build(&graph, values), name: "y")
    return try #require(try run(graph, inputs).first)
}

/// Expects `build` to be refused with an error that names the operation, the inputs' names and shapes, and `rule`.
func expectRefusal(
    _ operation: String, _ rule: String, _ inputs: (ElementType, PartialShape)...,
    sourceLocation: SourceLocation = #_sourceLocation,
    build: (inout Graph, [Value]) throws -> Value
) {
    var graph = Graph()
    let values = inputs.enumerated().map { graph.parameter("x\($0.offset)", $0.element.0, $0.element.1) }
    let count = graph.nodes.count
    do {
        let value = try build(&graph, values)
        Issue.record("taken, as \(value)", sourceLocation: sourceLocation)
    } catch let error as GraphError {
        guard case .operands(operation, _, let operands, let found) = error else {
            Issue.record("\(error)", sourceLocation: sourceLocation)
            return
        }
        #expect(found.contains(rule), sourceLocation: sourceLocation)
        let text = "\(error)"
        for operand in operands {
            #expect(text.contains("'\(operand.name)' \(operand.elementType) \(operand.shape)"), sourceLocation: sourceLocation)
        }
        let names = Set(operands.map(\.name))
        #expect(names.contains("x0") || inputs.isEmpty, "\(error)", sourceLocation: sourceLocation)
        #expect(graph.nodes.dropFirst(count).allSatisfy { $0.type != operation }, sourceLocation: sourceLocation)
    } catch {
        Issue.record("\(error)", sourceLocation: sourceLocation)
    }
}

/// An f32 tensor of 0, 1, 2 … times `scale`, minus `shift`.
func ramp(_ shape: Shape, scale: Float = 1, shift: Float = 0) throws -> Tensor {
    try Tensor((0..<(shape.checkedElementCount ?? 0)).map { Float($0) * scale - shift }, shape: shape)
}
