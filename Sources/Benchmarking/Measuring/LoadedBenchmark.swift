import Foundation
import Inference
import OpenVINO
import TensorStore

/// A model that was read, reshaped, given conversions and compiled by the options.
struct LoadedBenchmark {
    let path: String
    let compiled: CompiledModel
    let plan: InputPlan
    let files: InputFiles
    let readSeconds: Double
    let compileSeconds: Double
    let compileMemoryBytes: Int?

    /// - Throws: `BenchmarkError`, `OpenVINOError`.
    init(_ options: BenchmarkOptions) throws {
        try ExtensionLibraries.load(options.extensions)
        let properties = try options.runtimeProperties()
        let device = Device(options.device)
        let form = try ModelForm(options.model)
        switch (form, options.loadsFromFile) {
        case (.compiled(let path), _):
            (compiled, compileSeconds, compileMemoryBytes) = try Self.timed {
                try Core.shared.importModel(path: path, device: device)
            }
            (self.path, readSeconds) = (path, 0)
            try Self.refuseConversions(options, "a compiled model")
        case (.file(let path), true):
            (compiled, compileSeconds, compileMemoryBytes) = try Self.timed {
                try Core.shared.compile(path: path, device: device, properties: properties)
            }
            (self.path, readSeconds) = (path, 0)
            try Self.refuseConversions(options, "a model that the device reads itself (-lfile)")
        default:
            let start = ContinuousClock.now
            let read = try BenchmarkModel(options.model)
            readSeconds = (ContinuousClock.now - start) / .seconds(1)
            path = read.path
            let (model, planned, given) = try Self.configured(read, options)
            (compiled, compileSeconds, compileMemoryBytes) = try Self.timed {
                try Core.shared.compile(model, device: device, properties: properties)
            }
            plan = planned
            files = given
            return
        }
        let model = compiled
        plan = try InputPlan(compiled.inputs, options) { try? model.input($0).index }
        files = try InputFiles(options.inputs, plan.inputs) { try? model.input($0).index }
    }

    private static func timed(_ body: () throws -> CompiledModel) throws -> (CompiledModel, Double, Int?) {
        let (start, memory) = (ContinuousClock.now, ProcessMemory.peakBytes)
        let compiled = try body()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return (compiled, seconds, ProcessMemory.peakBytes.flatMap { peak in memory.map { peak - $0 } })
    }

    private static func refuseConversions(_ options: BenchmarkOptions, _ kind: String) throws(BenchmarkError) {
        let names = [
            ("-shape", options.shape != nil), ("-b", options.batch != nil), ("-ip", options.inputPrecision != nil),
            ("-op", options.outputPrecision != nil), ("-iop", options.inputOutputPrecision != nil),
            ("--mean_values", options.mean != nil), ("--scale_values", options.scale != nil),
        ].filter(\.1).map(\.0)
        guard names.isEmpty else {
            throw .settings("\(names.joined(separator: ", ")) can't be used with \(kind): its inputs are settled.")
        }
    }

    /// The model at its sizes and with its conversions, the plan of its inputs, and their files.
    private static func configured(_ read: BenchmarkModel, _ options: BenchmarkOptions) throws -> (Model, InputPlan, InputFiles) {
        let model = read.model
        func find(_ name: String) -> Int? { (try? model.input(name).index) ?? inputNumber(name, try? model.inputs.count) }
        var usual: [Int: PartialShape] = [:]
        for (name, shape) in read.usualShapes { if let index = find(name) { usual[index] = shape } }
        // Files of arrays say their shapes themselves.
        if !options.inputs.isEmpty, options.shape == nil {
            usual = usual.filter { _ in !options.inputs.contains { $0.hasSuffix(".npy") } }
        }
        var plan = try InputPlan(model.inputs, options, usualShapes: usual, find: find)
        if !plan.reshaped.isEmpty {
            do {
                try model.reshape(plan.reshaped)
            } catch {
                let shapes = plan.inputs.map { "\($0.name) \($0.shape)" }.joined(separator: ", ")
                throw BenchmarkError.shape(input: shapes, shape: shapes, reason: error.reason)
            }
        }
        let files = try InputFiles(options.inputs, plan.inputs, find: find)
        let conversions = try InputConversions(plan, files, options, outputs: model.outputs, find: find)
        plan.inputs = conversions.inputs
        guard !conversions.isEmpty else { return (model, plan, files) }
        return (try model.converting(inputs: conversions.before, outputs: conversions.after), plan, files)
    }

    /// The number of an input without a name, which is called `input 0`.
    private static func inputNumber(_ name: String, _ count: Int?) -> Int? {
        let words = name.split(separator: " ")
        guard words.count == 2, words[0] == "input", let number = Int(words[1]), let count, number < count else { return nil }
        return number >= 0 ? number : nil
    }
}
