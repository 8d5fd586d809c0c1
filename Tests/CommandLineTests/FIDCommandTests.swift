import Foundation
import Imaging
import TestSupport
import TensorStore
import Testing

@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct FIDCommandTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func fid(_ arguments: String...) throws -> ProgramRun {
        try place.run(["fid"] + arguments + ["--inception", "inception.safetensors"])
    }

    private func moments(_ name: String, mean: [Double], variance: [Double]) throws {
        let n = mean.count
        var covariance = [Double](repeating: 0, count: n * n)
        for index in 0..<n { covariance[index * n + index] = variance[index] }
        var writer = SafetensorsWriter()
        try writer.add("mu", Tensor(mean, shape: [n]))
        try writer.add("sigma", Tensor(covariance, shape: [n, n]))
        try writer.write(to: place.path(name))
    }

    /// |μ₁ − μ₂|² + Σ (σ₁ − σ₂)², where covariances are diagonal.
    @Test func savedMomentsAreCompared() throws {
        try moments("a.safetensors", mean: [0, 1, 2], variance: [1, 4, 9])
        try moments("b.safetensors", mean: [3, 1, 0], variance: [4, 4, 1])
        let run = try fid("a.safetensors", "b.safetensors", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let report = try JSONValue(parsing: run.output.utf8)
        #expect(abs((report["fid"]?.double ?? 0) - 18) < 1e-9)
    }

    @Test func badSetsAreRefused() throws {
        try moments("a.safetensors", mean: [0], variance: [1])
        let files = FileManager.default
        try files.createDirectory(atPath: place.path("empty"), withIntermediateDirectories: true)
        try files.createDirectory(atPath: place.path("one"), withIntermediateDirectories: true)
        try RGBImage(width: 4, height: 4).write(to: place.path("one/x.png"))
        _ = try place.folder.write("set.txt", "x")
        for (path, complaint) in [
            ("nowhere", "no folder of pictures at nowhere"), ("empty", "empty has no pictures (PNG, JPEG"),
            ("one", "one has one picture (PNG, JPEG"), ("set.txt", "neither a folder"),
        ] {
            let run = try fid(path, "a.safetensors")
            #expect(run.status != 0 && run.complaints.count == 1 && run.errors.contains(complaint), "\(run.errors)")
        }
    }
}
