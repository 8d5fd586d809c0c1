import ArgumentParser
import Foundation
import Workflows

struct FIDCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fid",
        abstract: "Measure the Fréchet Inception distance between two sets of pictures, as pytorch-fid does.",
        discussion: """
            A set is a folder of pictures (PNG, JPEG, WebP, TIFF, BMP), or a .safetensors file that --save has written.

              glint fid photographs drawn --inception pt_inception-2015-12-05-6726825d.pth
            """)

    @Argument(help: "A folder of pictures, or saved moments.") var a: String
    @Argument(help: "The other set.") var b: String
    @Option(help: "pytorch-fid's Inception, .safetensors or .pth.") var inception: String
    @Option(help: "The number of pictures of one size that go through the network together.") var batch = 8
    @Option(help: "Keep the mean and covariance of the first set's features in this .safetensors file.") var save: String?
    @OptionGroup(title: "Machine") var machine: MachineOptions
    @OptionGroup(title: "Progress") var display: ProgressOptions
    @Flag(help: "Print one JSON object instead of text.") var json = false

    func validate() throws {
        try machine.refuseMaxMemory()
        if batch < 1 { throw ValidationError("--batch must be 1 or more; it is \(batch).") }
        if let save, !save.hasSuffix(".safetensors") {
            throw ValidationError("--save must name a .safetensors file; it is '\(save)'.")
        }
    }

    func run() async throws {
        try await cancellingOnInterrupt { try await measure() }
    }

    private func measure() async throws {
        let bar = display.bar
        defer { bar.finish() }
        let distance = try await PictureSet.distance(
            (a, b), inception: inception, batch: batch, save: save, compile: machine.settings.compileOptions()
        ) { bar.show($0) }
        bar.finish()
        try print(json ? jsonText(distance) : String(format: "FID %.6f", distance.fid))
    }
}
