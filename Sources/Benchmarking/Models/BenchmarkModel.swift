import Foundation
import ModelLoading
import OpenVINO
import TensorStore

/// A model that the runtime has read, of any form.
struct BenchmarkModel {
    let model: Model
    /// The file or folder that was read.
    let path: String
    /// Shapes of inputs that are dynamic in the model, where its config tells them; by name.
    let usualShapes: [String: PartialShape]

    /// - Throws: `BenchmarkError.unreadableModel` with the runtime's reason, `.modelFolder`; errors of a component's files.
    init(_ path: String) throws {
        switch try ModelForm(path) {
        case .file(let file):
            do {
                model = try Core.shared.readModel(path: file)
            } catch {
                // The runtime names the operation of another set.
                let isUnknown = ["No conversion rule", "doesn't contain operation", "unsupported opset"].contains {
                    error.details.contains($0)
                }
                let hint = isUnknown ? " (--extension names the library that has a custom operation)" : ""
                throw BenchmarkError.unreadableModel(path: path, reason: error.reason + hint)
            }
            self.path = file
            usualShapes = [:]
        case .component(let folder):
            let component = try ComponentModel(folder)
            model = component.model
            self.path = folder
            usualShapes = component.usualShapes
        case .compiled:
            throw BenchmarkError.unreadableModel(path: path, reason: "it is compiled already")
        }
    }
}

/// The form of a model, by the files that are there.
enum ModelForm: Equatable {
    /// A path that the runtime reads: a file, or the folder of a saved model.
    case file(String)
    /// A folder with a config and a checkpoint.
    case component(String)
    /// A compiled model.
    case compiled(String)

    /// Files that are a model in a folder, the first of which counts.
    private static let fileNames = [
        Component.irName, "model.onnx", "inference.pdmodel", "model.pdmodel", "model.tflite",
    ]
    private static let extensions = ["xml", "onnx", "pb", "tflite", "pdmodel"]

    /// - Throws: `BenchmarkError.unreadableModel` for a path without a file, `.modelFolder`.
    init(_ path: String) throws(BenchmarkError) {
        let files = FileManager.default
        var isFolder: ObjCBool = false
        guard files.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw .unreadableModel(path: path, reason: "there is no such file or folder")
        }
        guard isFolder.boolValue else {
            self = path.lowercased().hasSuffix(".blob") ? .compiled(path) : .file(path)
            return
        }
        let names = ((try? files.contentsOfDirectory(atPath: path)) ?? []).sorted()
        if names.contains("saved_model.pb") {
            self = .file(path)
        } else if let name = Self.fileNames.first(where: names.contains) {
            self = .file("\(path)/\(name)")
        } else if names.contains("model_index.json") {
            let parts = names.filter { name in
                [Component.irName, "config.json"].contains { files.fileExists(atPath: "\(path)/\(name)/\($0)") }
            }
            throw .modelFolder(
                path: path, reason: "it is a whole pipeline; give one component's folder: \(parts.joined(separator: ", "))")
        } else if names.contains("config.json"), names.contains(where: { $0.hasSuffix(".safetensors") }) {
            self = .component(path)
        } else {
            let models = names.filter { name in Self.extensions.contains { name.lowercased().hasSuffix(".\($0)") } }
            guard models.count == 1 else {
                throw .modelFolder(
                    path: path,
                    reason: models.isEmpty
                        ? "it has no model" : "it has several models; give one of them: \(models.joined(separator: ", "))")
            }
            self = .file("\(path)/\(models[0])")
        }
    }
}
