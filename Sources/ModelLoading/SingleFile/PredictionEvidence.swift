import Architectures
import Foundation
import ModelGraph
import TensorStore

/// The prediction of a single file's UNet, which no weight tells, and the evidence for it.
struct PredictionEvidence: Sendable, Equatable {
    /// diffusers' `prediction_type`.
    enum Prediction: String, Sendable {
        case epsilon, sample
        case velocity = "v_prediction"
    }

    var prediction = Prediction.epsilon
    /// Whether schedules end in pure noise, as for models trained that way.
    var hasZeroTerminalSNR = false
    /// Assumptions, a sentence each.
    var notes: [String] = []

    /// Takes the first evidence of: the file's metadata (https://github.com/Stability-AI/ModelSpec), marks of some trainers, the
    /// configuration beside it (`NoiseConfiguration`), the step that Stable Diffusion 2's base model was saved at, and its name.
    /// - Parameter isSD2: whether it is of the kind that was published with both predictions.
    init(_ tensors: Weights, _ metadata: [String: String], _ url: URL, isSD2: Bool) {
        let name = url.lastPathComponent
        let words = NameWords(url.deletingPathExtension().lastPathComponent)
        hasZeroTerminalSNR = tensors.contains("ztsnr")
        if !hasZeroTerminalSNR, words.contains(["ztsnr", "zsnr", "zerosnr"]) {
            hasZeroTerminalSNR = true
            notes.append("By its name, \(name) was trained down to zero signal; trailing timesteps were assumed.")
        }
        switch metadata["modelspec.prediction_type"] {
        case "epsilon"?: return
        case "v"?, "v_prediction"?:
            prediction = .velocity
            return
        default: break
        }
        if tensors.contains("v_pred") {
            prediction = .velocity
            return
        }
        if let (found, file) = Self.sidecar(of: url) {
            prediction = found
            notes.append("By \(file) beside it, \(name) has prediction_type \(found.rawValue).")
            return
        }
        // By this step diffusers distinguishes stable-diffusion-2-base.
        if isSD2, tensors.scalar("global_step") == 875_000 { return }
        if words.predictsVelocity {
            prediction = .velocity
        } else if isSD2, !words.predictsNoise {
            prediction = .velocity
            notes.append(
                "\(name) does not say what its UNet predicts; prediction_type v_prediction was assumed, as of Stable Diffusion 2.1 at "
                    + "768 × 768. Models at 512 × 512 need epsilon (--prediction-type).")
            return
        }
        if isSD2 || prediction == .velocity {
            notes.append("By its name, \(name) has prediction_type \(prediction.rawValue); --prediction-type sets another.")
        }
    }

    /// The prediction in the YAML file of the same name, and that file's name; nil where there is none, or it says nothing of it.
    private static func sidecar(of url: URL) -> (Prediction, file: String)? {
        for ending in ["yaml", "yml"] {
            let file = url.deletingPathExtension().appendingPathExtension(ending)
            if let found = NoiseConfiguration.prediction(in: file) { return (found, file.lastPathComponent) }
        }
        return nil
    }
}

/// A model's configuration in YAML as CompVis' and Stability's code, and AUTOMATIC1111's web UI, have it beside the model.
///
/// Only the lines that say what the UNet predicts are read: `parameterization: "v"` (or `eps`, `x0`), and the class of
/// generative-models' scaling. All else in the file follows from the tensors.
enum NoiseConfiguration {
    private static let sizeLimit = 1 << 20

    static func prediction(in file: URL) -> PredictionEvidence.Prediction? {
        guard let mapped = try? MappedFile(path: file.path), mapped.byteCount <= sizeLimit,
            let text = mapped.withUnsafeBytes({ String(validating: $0, as: UTF8.self) })
        else { return nil }
        for line in text.split(whereSeparator: \.isNewline) {
            let content = line.prefix { $0 != "#" }.filter { !$0.isWhitespace && $0 != "\"" && $0 != "'" }
            switch content {
            case "parameterization:v": return .velocity
            case "parameterization:eps": return .epsilon
            case "parameterization:x0": return .sample
            case _ where content.hasPrefix("target:") && content.hasSuffix(".VScaling"): return .velocity
            case _ where content.hasPrefix("target:") && content.hasSuffix(".EpsScaling"): return .epsilon
            default: continue
            }
        }
        return nil
    }
}

/// The words of a file's name, in lower case.
private struct NameWords {
    private let name: String
    private let words: [String]

    init(_ name: String) {
        self.name = name.lowercased()
        words = self.name.split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }

    func contains(_ beginnings: [String]) -> Bool { words.contains { word in beginnings.contains { word.hasPrefix($0) } } }

    /// `vpred`, `v-prediction`; a last `v`, or one behind the size 768, as in names of Stable Diffusion 2.
    var predictsVelocity: Bool {
        contains(["vpred"]) || words.last == "v"
            || zip(words, words.dropFirst()).contains { $0 == "v" && $1.hasPrefix("pred") || $0 == "768" && $1 == "v" }
    }

    /// `eps`; the names of Stable Diffusion 2's base models and of turbo models.
    var predictsNoise: Bool {
        words.contains { ["eps", "epsilon", "epspred"].contains($0) }
            || ["turbo", "512-base", "2-base", "2-1-base"].contains(where: name.contains)
    }
}

extension Weights {
    /// The whole number in a tensor of one element; nil where there is none.
    fileprivate func scalar(_ name: String) -> Int64? {
        guard let entry = entries[name], entry.elementType == .i64, entry.data.byteCount == 8 else { return nil }
        return entry.data.withUnsafeBytes { Int64(littleEndian: $0.loadUnaligned(as: Int64.self)) }
    }
}
