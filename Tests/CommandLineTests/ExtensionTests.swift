import Foundation
import TestSupport
import Testing

/// `--extension` and `--gpu-kernels`, of all commands that compile networks.
@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct ExtensionTests {
    private static let own = Program.url.deletingLastPathComponent().appending(path: "libGlintOperations.so").path

    @Test(.enabled(if: FileManager.default.fileExists(atPath: own))) func aLibraryIsLoaded() throws {
        let place = try Workplace()
        let run = try place.run(["generate", "a", "--extension", Self.own, "--output", "a.png"] + Program.quick)
        #expect(run.status == 0 && run.complaints.allSatisfy { !$0.contains("Error") }, "\(run.errors)")
    }

    @Test(arguments: [
        (["--extension", "none.so"], "There is no extension library none.so"),
        (["--extension", "text.so"], "text.so can't be loaded"),
        (["--gpu-kernels", "none.xml"], "the device is CPU"),
    ]) func mistakes(_ options: [String], _ text: String) throws {
        let place = try Workplace()
        try place.folder.write("text.so", "no library")
        let run = try place.run(["generate", "a", "--output", "a.png"] + options + Program.quick)
        #expect(run.status != 0 && run.exited && run.errors.contains(text), "\(run.errors)")
        #expect(!FileManager.default.fileExists(atPath: place.path("a.png")))
    }
}
