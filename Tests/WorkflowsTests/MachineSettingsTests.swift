import Diffusion
import Inference
import OpenVINO
import Testing
import Workflows

@Suite struct MachineSettingsTests {
    @Test func sizesInBytes() {
        let sizes = ["4G": 4 << 30, "3500M": 3500 << 20, "1.5GiB": 3 << 29, "2kb": 2048, "1000000": 1_000_000]
        for (text, bytes) in sizes { #expect(MachineSettings.bytes(text) == bytes, "\(text)") }
        for text in ["", "G", "0", "-1G", "much", "1X", "inf", "nan", "1e300T"] {
            #expect(MachineSettings.bytes(text) == nil, "\(text)")
        }
    }

    @Test func memory() {
        var settings = MachineSettings()
        #expect(settings.memoryPolicy(pictures: 1) == .staged)
        #expect(settings.memoryPolicy(pictures: 2) == .resident)
        settings.maxMemory = 1 << 30
        #expect(settings.memoryPolicy(pictures: 2) == .limit(1 << 30))
    }

    @Test func devicesOfThisMachine() throws {
        var settings = MachineSettings()
        settings.threads = 2
        let options = try settings.compileOptions()
        #expect(options.device == .cpu && options.threads == 2 && options.precision == .auto)
        settings.device = "TPU"
        let error = #expect(throws: MachineError.self) { try settings.compileOptions() }
        #expect(error?.description.hasPrefix("There is no device 'TPU' here; there is CPU") == true)
        settings.device = "HETERO:TPU,CPU"
        #expect(throws: Never.self) { try settings.compileOptions() }
    }
}
