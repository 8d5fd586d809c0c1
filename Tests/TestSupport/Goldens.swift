public import Foundation
public import TensorStore
public import Testing

/// Files with outputs of the reference implementations, see `Tests/Goldens/README.md`.
public enum Goldens {
    /// The repository's root.
    public static let repository = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// A file or folder under `Tests/Goldens`.
    public static func url(_ path: String) -> URL {
        repository.appending(path: "Tests/Goldens").appending(path: path)
    }
}

/// Expects `found` to be `reference` within `tolerance` of the reference's largest magnitude, and names the worst element.
public func expectClose(
    _ found: [Float], _ reference: [Float], tolerance: Float, _ what: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard found.count == reference.count else {
        Issue.record("\(what): \(found.count) elements, the reference has \(reference.count)", sourceLocation: sourceLocation)
        return
    }
    let scale = reference.reduce(0) { max($0, abs($1)) }
    var worst = (index: 0, difference: Float(-1))
    for (index, pair) in zip(found, reference).enumerated() {
        let difference = abs(pair.0 - pair.1)
        guard difference.isFinite else {
            Issue.record("\(what): element \(index) is \(pair.0), the reference has \(pair.1)", sourceLocation: sourceLocation)
            return
        }
        if difference > worst.difference { worst = (index, difference) }
    }
    #expect(
        worst.difference <= tolerance * scale,
        "\(what): element \(worst.index) is \(found[worst.index]), the reference has \(reference[worst.index]); \(worst.difference / scale) of the largest magnitude \(scale)",
        sourceLocation: sourceLocation)
}

/// Expects two f32 tensors to have one shape and close elements (see the form over arrays).
public func expectClose(
    _ found: Tensor, _ reference: Tensor, tolerance: Float, _ what: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    #expect(found.shape == reference.shape, "\(what)", sourceLocation: sourceLocation)
    expectClose(try found.elements(), try reference.elements(), tolerance: tolerance, what, sourceLocation: sourceLocation)
}
