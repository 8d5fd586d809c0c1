import OpenVINO
public import TensorStore

/// An input of a model that is measured: its shapes, its layout and the elements that it is given.
public struct PlannedInput: Sendable, Equatable {
    public let index: Int
    /// Its name, or `input 0` where it has none.
    public let name: String
    /// The model's shape of it, after reshaping.
    public var shape: PartialShape
    public var layout: InputLayout?
    public var elementType: ElementType
    /// The shapes that it is given in turn; one where `shape` is fixed.
    public var dataShapes: [Shape] = []

    public var isPicture: Bool { layout?.isPicture(shape) ?? false }

    /// The batch in a shape of this input; nil without a batch axis.
    func batch(in shape: Shape) -> Int? {
        layout?.axis("N").flatMap { $0 < shape.rank ? shape[$0] : nil }
    }
}

/// Shapes and layouts of all inputs, from a model's ports and the options.
struct InputPlan {
    var inputs: [PlannedInput]
    /// Shapes that the model is to take, by index.
    private(set) var reshaped: [Int: PartialShape] = [:]

    /// - Parameter find: the index of the input with a name; an input may have several.
    /// - Throws: `BenchmarkError.option`, `.unknownInput`, `.shape`.
    init(
        _ ports: [Port], _ options: BenchmarkOptions, usualShapes: [Int: PartialShape] = [:], find: (String) -> Int?
    ) throws(BenchmarkError) {
        let shapes = try Self.shapes(options.shape, "-shape", ports, find)
        let dataShapes = try Self.shapes(options.dataShape, "-data_shape", ports, find)
        let layouts = try Self.layouts(options.layout, ports, find)
        inputs = []
        for port in ports {
            var shape = port.shape
            if let given = shapes[port.index] {
                guard given.count == 1 else {
                    throw .option("-shape", value: options.shape ?? "", reason: "an input of the model has one shape")
                }
                shape = given[0]
            } else if dataShapes[port.index] == nil, let usual = usualShapes[port.index], let merged = shape.filled(from: usual) {
                shape = merged
            }
            let layout = layouts[port.index] ?? InputLayout(guessedFrom: shape)
            if let layout, let rank = shape.rank, layout.axes.count != rank {
                throw .option(
                    "-layout", value: layout.text, reason: "the input '\(port.label)' has \(rank) axes: \(shape)")
            }
            var input = PlannedInput(
                index: port.index, name: port.label, shape: shape, layout: layout, elementType: port.elementType)
            try input.setBatch(options)
            if input.shape != port.shape { reshaped[port.index] = input.shape }
            try input.setDataShapes(dataShapes[port.index] ?? [])
            inputs.append(input)
        }
        if let batch = options.batch, options.dataShape == nil, !inputs.contains(where: { $0.layout?.axis("N") != nil }) {
            throw .option(
                "-b", value: "\(batch)", reason: "no input has a batch axis; say which one it is: -layout 'NAME[NC]'")
        }
    }

    private static func shapes(
        _ text: String?, _ option: String, _ ports: [Port], _ find: (String) -> Int?
    ) throws(BenchmarkError) -> [Int: [PartialShape]] {
        guard let text else { return [:] }
        let values = try NamedValues(text, option: option).byInput(names(ports), find: find, option: option)
        var result: [Int: [PartialShape]] = [:]
        for (index, texts) in values {
            var shapes: [PartialShape] = []
            for text in texts {
                guard let shape = PartialShape(benchmarkText: text) else {
                    throw .option(option, value: text, reason: "an axis is a number, ?, -1, or a range such as 1..8")
                }
                shapes.append(shape)
            }
            result[index] = shapes
        }
        return result
    }

    private static func names(_ ports: [Port]) -> [(index: Int, name: String)] {
        ports.map { (index: $0.index, name: "\($0.label) \($0.shape)") }
    }

    private static func layouts(
        _ text: String?, _ ports: [Port], _ find: (String) -> Int?
    ) throws(BenchmarkError) -> [Int: InputLayout] {
        guard let text else { return [:] }
        // A layout alone, without brackets, is that of every input.
        let values = try NamedValues(text.contains("[") ? text : "[\(text)]", option: "-layout")
        var result: [Int: InputLayout] = [:]
        for (index, texts) in try values.byInput(names(ports), find: find, option: "-layout") {
            guard texts.count == 1, let layout = InputLayout(texts[0]) else {
                throw .option("-layout", value: text, reason: "a layout is a letter for each axis, such as NCHW")
            }
            result[index] = layout
        }
        return result
    }

    /// Inputs without a size.
    var undecided: [PlannedInput] { inputs.filter { $0.dataShapes.isEmpty } }

    /// An error that names the inputs without a size, and an example of what to give.
    func dynamicInputs() -> BenchmarkError {
        let example = undecided.map { input in
            let sizes = (input.shape.dimensions ?? [1]).enumerated().map { axis, dimension -> Int in
                switch dimension {
                case .fixed(let value): value
                case .dynamic(let low, let high):
                    min(max(input.layout?.axis("N") == axis || axis == 0 ? 1 : 64, low), high ?? .max)
                }
            }
            return "\(input.name)[\(sizes.map(String.init).joined(separator: ","))]"
        }
        return .dynamicInputs(undecided.map { "\($0.name) \($0.shape)" }, example: example.joined(separator: ","))
    }

    /// The number of different inputs that are given in turn.
    var groupCount: Int { inputs.map(\.dataShapes.count).max() ?? 1 }

    /// The number of things that an inference with the inputs of a group computes: the batch.
    /// - Throws: `BenchmarkError.settings` where inputs differ in it.
    func batch(group: Int) throws(BenchmarkError) -> Int {
        var batch: Int?
        for input in inputs where !input.dataShapes.isEmpty {
            guard let own = input.batch(in: input.dataShapes[group % input.dataShapes.count]) else { continue }
            if let batch, batch != own {
                throw .settings("The inputs differ in their batch (\(batch) and \(own) of '\(input.name)'); see -layout.")
            }
            batch = own
        }
        return batch ?? 1
    }
}

extension PlannedInput {
    /// Sets the batch axis: that of the layout, or the first one where it is 1 or dynamic.
    fileprivate mutating func setBatch(_ options: BenchmarkOptions) throws(BenchmarkError) {
        guard let batch = options.batch, options.dataShape == nil, var dimensions = shape.dimensions else { return }
        if layout == nil, let first = dimensions.first, [.fixed(0), .fixed(1)].contains(first) || first.fixedValue == nil {
            layout = InputLayout("N" + String(repeating: "?", count: dimensions.count - 1))
        }
        guard let axis = layout?.axis("N") else { return }
        dimensions[axis] = .fixed(batch)
        shape = PartialShape(dimensions)
    }

    fileprivate mutating func setDataShapes(_ given: [PartialShape]) throws(BenchmarkError) {
        if let fixed = shape.fixed {
            dataShapes = [fixed]
            return
        }
        for partial in given {
            guard let fixed = partial.fixed, fixed.checkedElementCount != nil else {
                throw .shape(input: name, shape: "\(partial)", reason: "the shape of data has a number for each axis")
            }
            guard let dimensions = shape.dimensions.map({ $0 }) ?? partial.dimensions, dimensions.count == fixed.rank,
                zip(dimensions, fixed).allSatisfy({ $0.isCompatible(with: .fixed($1)) })
            else { throw .shape(input: name, shape: "\(fixed)", reason: "the model takes \(shape)") }
            dataShapes.append(fixed)
        }
    }
}

extension PartialShape {
    /// The shape with axes of another in place of its dynamic ones; nil where they don't fit.
    fileprivate func filled(from other: PartialShape) -> PartialShape? {
        guard let dimensions, let others = other.dimensions, dimensions.count == others.count,
            zip(dimensions, others).allSatisfy({ $0.isCompatible(with: $1) })
        else { return nil }
        return PartialShape(zip(dimensions, others).map { $0.fixedValue == nil ? $1 : $0 })
    }
}
