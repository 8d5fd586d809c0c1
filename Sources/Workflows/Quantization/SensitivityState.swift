import Foundation
import Quantization
import TensorStore

/// The errors of layers measured so far, in a file from which an interrupted run continues.
struct SensitivityState: Codable {
    /// The model, prompts and options of the measurement; a file for another subject is ignored.
    private let subject: String
    private(set) var known: [AccuracyControl.Sensitivity] = []
    private var path = ""

    enum CodingKeys: CodingKey { case subject, known }

    /// Reads the file at `path`, if it has the same subject.
    init(path: String, of subject: String) throws {
        self.subject = subject
        self.path = path
        guard let data = try? Data(contentsOf: URL(filePath: path)),
            let state = try? JSONDecoder().decode(SensitivityState.self, from: data), state.subject == subject
        else { return }
        known = state.known
    }

    /// - Throws: `FileError` where the file can't be written.
    mutating func add(_ sensitivity: AccuracyControl.Sensitivity) throws {
        known.append(sensitivity)
        let file = try AtomicFile(path: path)
        try file.write(Array(reportJSON()))
        try file.commit()
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}

extension Tensor {
    /// √(Σ(x − r)² / Σr²) of f32 tensors of one shape.
    func relativeError(to reference: Tensor) throws -> Double {
        var (difference, total) = (0.0, 0.0)
        for (x, r) in zip(try elements(as: Float.self), try reference.elements(as: Float.self)) {
            difference += Double(x - r) * Double(x - r)
            total += Double(r) * Double(r)
        }
        return total > 0 ? (difference / total).squareRoot() : difference.squareRoot()
    }
}
