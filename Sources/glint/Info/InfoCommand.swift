import ArgumentParser
import Foundation
import OpenVINO

struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Say what this machine can run on: devices, processor, versions.")

    @Flag(help: "Print one JSON object instead of text.") var json = false

    func run() throws {
        let report = try MachineReport()
        if json {
            print(try jsonText(report))
            return
        }
        print(
            "OpenVINO \(report.openVINO)\n\(report.processor), \(report.cores) cores, \(format(bytes: report.memoryBytes)) of memory"
        )
        print("vector units: \(report.vectorUnits.isEmpty ? "none" : report.vectorUnits.joined(separator: " "))")
        print("\(report.int8Note)\n")
        for device in report.devices {
            print("\(device.name): \(device.fullName)")
            print("  precisions: \(device.capabilities.joined(separator: " "))")
        }
    }
}

private struct MachineReport: Encodable {
    let openVINO: String
    let processor: String
    let cores: Int
    let memoryBytes: Int
    let vectorUnits: [String]
    let devices: [DeviceReport]

    struct DeviceReport: Encodable {
        let name: String
        let fullName: String
        let capabilities: [String]

        enum CodingKeys: String, CodingKey {
            case name, capabilities
            case fullName = "full_name"
        }
    }

    /// The processor's features that the CPU plugin's kernels differ by.
    private static let features = [
        "avx2", "fma", "f16c", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8",
        "amx_bf16",
    ]

    /// Whether sums of 8-bit products can't overflow 16 bits on the way: without VNNI they can.
    let int8Saturates: Bool

    var int8Note: String {
        int8Saturates
            ? "INT8: products of 8 bits saturate on this processor (it has no VNNI): quantize with --overflow-fix"
            : "INT8: computed in full (VNNI)"
    }

    init() throws {
        openVINO = try Version.runtime.build
        let cpuInfo = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        func field(_ name: String) -> String? {
            cpuInfo.split(separator: "\n").first { $0.hasPrefix(name) }?.split(separator: ":").dropFirst().first
                .map { $0.trimmingCharacters(in: .whitespaces) }
        }
        processor = field("model name") ?? "unknown processor"
        let flags = Set((field("flags") ?? "").split(separator: " ").map(String.init))
        vectorUnits = Self.features.filter(flags.contains)
        int8Saturates = flags.isDisjoint(with: ["avx_vnni", "avx512_vnni", "amx_int8"])
        cores = ProcessInfo.processInfo.activeProcessorCount
        memoryBytes = Int(ProcessInfo.processInfo.physicalMemory)
        let core = try Core.shared
        devices = try core.availableDevices.map { device in
            DeviceReport(
                name: device.name, fullName: try core.property(.fullDeviceName, of: device),
                capabilities: try core.property(.optimizationCapabilities, of: device))
        }
    }

    enum CodingKeys: String, CodingKey {
        case processor, cores, devices
        case int8Saturates = "int8_saturates"
        case openVINO = "openvino"
        case memoryBytes = "memory_bytes"
        case vectorUnits = "vector_units"
    }
}
