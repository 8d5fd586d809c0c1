import ArgumentParser
import Evaluation
import Foundation
import ModelLoading
import TensorStore
import Workflows

struct FIDCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fid",
        abstract: "The Fréchet Inception distance between two sets of pictures, as pytorch-fid measures it.",
        discussion: """
            A set is a folder of PNG and JPEG pictures, or the .safetensors file that --save made of one.

              glint fid photographs drawn --inception pt_inception-2015-12-05-6726825d.pth
            """)

    @Argument(help: "A folder of pictures, or saved moments.") var a: String
    @Argument(help: "The other set.") var b: String
    @Option(help: "pytorch-fid's Inception, .safetensors or .pth.") var inception: String
    @Option(help: "Pictures of one size that go through the network together.") var batch = 8
    @Option(help: "Keep the mean and covariance of the first set's features in this .safetensors file.") var save: String?
    @OptionGroup(title: "Machine") var machine: MachineOptions
    @OptionGroup(title: "Progress") var display: ProgressOptions
    @Flag(help: "Print one JSON object instead of text.") var json = false

    func validate() throws {
        if batch < 1 { throw ValidationError("--batch must be 1 or more; it is \(batch).") }
        if let save, !save.hasSuffix(".safetensors") {
            throw ValidationError("--save must name a .safetensors file; it is '\(save)'.")
        }
    }

    func run() async throws {
        try await cancellingOnInterrupt { try await measure() }
    }

    private func measure() async throws {
        let sets = try [a, b].map(PictureSet.init)
        let needsNetwork = sets.contains { if case .pictures = $0 { true } else { false } }
        let features =
            needsNetwork ? try InceptionFeatureExtractor(weights: inception, machine.compileOptions(), batch: batch) : nil
        let bar = display.bar
        defer { bar.finish() }
        var moments: [FeatureMoments] = []
        for (name, set) in zip([a, b], sets) {
            switch set {
            case .moments(let saved): moments.append(saved)
            case .pictures(let paths):
                guard let features else { continue }
                bar.show(.phase("pictures of \(name)", count: paths.count))
                moments.append(try await features.moments(of: paths) { bar.show(.step) })
            }
        }
        bar.finish()
        let distance = try FrechetDistance.between(moments[0], moments[1])
        if let save { try PictureSet.save(moments[0], to: save) }
        if json {
            print(try jsonText(FIDReport(fid: distance, pictures: sets.map(\.count))))
        } else {
            print(String(format: "FID %.6f", distance))
        }
    }
}

private struct FIDReport: Encodable {
    let fid: Double
    /// The number of pictures in each set; nil for saved moments.
    let pictures: [Int?]
}
