import ArgumentParser
import Diffusion
import Foundation
import ModelLoading

extension PrecisionSchedule {
    /// `1`, a number of steps at either end, or `f,i,i,f`, a letter for each step.
    init(argument: String) throws(ScheduleError) {
        if let ends = Int(argument) {
            self = .floatEnds(ends)
            return
        }
        var steps: [UNetPrecision] = []
        for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let precision = UNetPrecision(word.trimmingCharacters(in: .whitespaces)) else { throw ScheduleError(argument) }
            steps.append(precision)
        }
        self = .steps(steps)
    }
}

struct ScheduleError: Error, CustomStringConvertible {
    let text: String

    init(_ text: String) { self.text = text }

    var description: String {
        "A precision schedule is f or i for each step, such as f,i,i,f, or the number of steps at either end; '\(text)' is neither."
    }
}

/// Where a quantized model came from; written into its folder.
struct QuantizationSource: Codable {
    /// The folder of the model in floating point, absolute.
    let source: String
    static let file = "quantization.json"

    /// What the model in a folder was quantized from; nil where that is not known.
    static func of(_ folder: URL) -> String? {
        guard let data = try? Data(contentsOf: folder.appending(path: file)) else { return nil }
        return try? JSONDecoder().decode(QuantizationSource.self, from: data).source
    }
}

extension LatentDiffusionModel {
    /// With the UNet in floating point too, where a recipe's schedule visits it.
    mutating func addFloatUNet(for recipe: Recipe) throws {
        guard recipe.precision != nil else { return }
        guard let path = recipe.floatModel ?? QuantizationSource.of(source.url) else {
            throw ValidationError(
                "\(source.url.path) does not say what it was quantized from: give the model in floating point as --float-model.")
        }
        try addFloatUNet(from: ModelSource(ModelLocation.resolve(path)))
    }
}
