import OpenVINO
import TensorStore

/// Conversions before inputs and after outputs, from the options. As in `benchmark_app`, an input of pictures takes bytes unless
/// the options say otherwise, or it is given arrays.
struct InputConversions {
    /// The inputs with the elements that they are given.
    private(set) var inputs: [PlannedInput]
    private(set) var before: [Int: InputConversion] = [:]
    private(set) var after: [Int: ElementType] = [:]

    var isEmpty: Bool { before.isEmpty && after.isEmpty }

    /// - Throws: `BenchmarkError.option`, `.unknownInput`.
    init(
        _ plan: InputPlan, _ files: InputFiles, _ options: BenchmarkOptions, outputs: [Port], find: (String) -> Int?
    ) throws(BenchmarkError) {
        inputs = plan.inputs
        let named = try Self.namedTypes(options.inputOutputPrecision, inputs, outputs, find)
        if let type = options.outputPrecision { for port in outputs { after[port.index] = type } }
        after.merge(named.outputs) { _, new in new }
        let mean = try Self.numbers(options.mean, "--mean_values", inputs, find)
        let scale = try Self.numbers(options.scale, "--scale_values", inputs, find)
        for (position, input) in inputs.enumerated() {
            let usual: ElementType? = input.isPicture && !files.hasArrays(input.index) ? .u8 : nil
            let type = named.inputs[input.index] ?? options.inputPrecision ?? usual
            let steps = (mean[input.index] ?? [], scale[input.index] ?? [])
            guard type.map({ $0 != input.elementType }) ?? false || !steps.0.isEmpty || !steps.1.isEmpty else { continue }
            if !(steps.0.isEmpty && steps.1.isEmpty), input.layout?.axis("C") == nil {
                throw .option(
                    "--mean_values", value: options.mean ?? options.scale ?? "",
                    reason: "the input '\(input.name)' has no axis of channels; say its layout: -layout '\(input.name)[NCHW]'")
            }
            if let type { inputs[position].elementType = type }
            before[input.index] = InputConversion(
                elementType: type, layout: input.layout?.text, mean: steps.0, scale: steps.1)
        }
    }

    /// Types of `name:type,name:type`.
    private static func namedTypes(
        _ text: String?, _ inputs: [PlannedInput], _ outputs: [Port], _ find: (String) -> Int?
    ) throws(BenchmarkError) -> (inputs: [Int: ElementType], outputs: [Int: ElementType]) {
        var result: (inputs: [Int: ElementType], outputs: [Int: ElementType]) = ([:], [:])
        for part in (text ?? "").split(separator: ",") {
            let trimmed = part.filter { $0 != " " }
            // A name may have colons itself.
            guard let colon = trimmed.lastIndex(of: ":"),
                let type = ElementType(benchmarkName: String(trimmed[trimmed.index(after: colon)...]))
            else { throw .option("-iop", value: text ?? "", reason: "give NAME:TYPE,NAME:TYPE, as in input:f16,output:f32") }
            let name = String(trimmed[..<colon])
            if let index = find(name) {
                result.inputs[index] = type
            } else if let port = outputs.first(where: { $0.label == name }) {
                result.outputs[port.index] = type
            } else {
                throw .unknownInput(name, option: "-iop", inputs: inputs.map(\.name) + outputs.map(\.label))
            }
        }
        return result
    }

    private static func numbers(
        _ text: String?, _ option: String, _ inputs: [PlannedInput], _ find: (String) -> Int?
    ) throws(BenchmarkError) -> [Int: [Float]] {
        guard let text else { return [:] }
        let names = inputs.map { (index: $0.index, name: $0.name) }
        var result: [Int: [Float]] = [:]
        for (index, texts) in try NamedValues(text, option: option).byInput(names, find: find, option: option) {
            let numbers = texts[0].split(separator: ",").map { Float($0.filter { $0 != " " }) }
            let found = numbers.compactMap { $0 }
            guard texts.count == 1, !found.isEmpty, found.count == numbers.count, found.allSatisfy(\.isFinite) else {
                throw .option(option, value: text, reason: "give a number for each channel: [123.7,116.3,103.5]")
            }
            result[index] = found
        }
        return result
    }
}
