import Foundation

/// A wrong option, input or model of a measurement.
public enum BenchmarkError: Error, Equatable, Sendable {
    /// An option's value that can't be used.
    case option(String, value: String, reason: String)
    /// A name that no input of the model has.
    case unknownInput(String, option: String, inputs: [String])
    /// Inputs of unknown size, and no sizes for them.
    case dynamicInputs([String], example: String)
    case unreadableModel(path: String, reason: String)
    /// A folder in which no model, or more than one, is found.
    case modelFolder(path: String, reason: String)
    case shape(input: String, shape: String, reason: String)
    case inputFile(path: String, reason: String)
    /// A device's property that can't be used.
    case settings(String)
}

extension BenchmarkError: CustomStringConvertible {
    /// The forms of models that are read.
    public static let formats = """
        a model is an IR file (.xml beside its .bin), .onnx, a frozen TensorFlow graph (.pb), a folder with saved_model.pb, \
        a .tflite file, a PaddlePaddle model (.pdmodel beside its .pdiparams, not the .json of version 3), a compiled .blob, or \
        a component's folder of a model in diffusers' or transformers' layout
        """

    public var description: String {
        switch self {
        case .option(let name, let value, let reason): "\(name) can't be '\(value)': \(reason)."
        case .unknownInput(let name, let option, let inputs):
            "\(option) names the input '\(name)', which the model does not have; it has \(inputs.joined(separator: ", "))."
        case .dynamicInputs(let inputs, let example):
            """
            The sizes of these inputs are not fixed: \(inputs.joined(separator: ", ")). Say which sizes to measure: \
            --shape '\(example)' fixes them in the model, --data-shape '\(example)' leaves the model dynamic and gives it inputs \
            of these sizes; or give inputs of a size with -i.
            """
        case .unreadableModel(let path, let reason): "\(path) can't be read: \(reason); \(Self.formats)."
        case .modelFolder(let path, let reason): "\(path): \(reason); \(Self.formats)."
        case .shape(let input, let shape, let reason): "The input '\(input)' can't be of the shape \(shape): \(reason)."
        case .inputFile(let path, let reason): "\(path) can't be an input: \(reason)."
        case .settings(let reason): reason
        }
    }
}
