import Foundation
import Inference
import OpenVINO

/// The devices, processor and versions of this machine.
public struct MachineReport: Encodable, Sendable {
    public let openVINO: String
    public let processor: String
    public let cores: Int
    public let memoryBytes: Int
    public let vectorUnits: [String]
    public let devices: [DeviceReport]

    public struct DeviceReport: Encodable, Sendable {
        public let name: String
        public let fullName: String
        public let capabilities: [String]

        enum CodingKeys: String, CodingKey {
            case name, capabilities
            case fullName = "full_name"
        }
    }

    /// The processor features that select the CPU plugin's kernels.
    private static let features = [
        "avx2", "fma", "f16c", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8",
        "amx_bf16",
    ]

    /// Whether sums of 8-bit products saturate in 16 bits, as they do without VNNI.
    public let int8Saturates: Bool

    public var int8Note: String {
        int8Saturates
            ? "INT8: sums of 8-bit products overflow on this processor (it has no VNNI); glint quantize makes weights of 7 bits here"
            : "INT8: computed in full (VNNI)"
    }

    /// The precision that `auto` stands for on the CPU.
    public let autoPrecision: String

    public var precisionNote: String {
        autoPrecision == "f32"
            ? "--precision auto: f32; nothing faster is known for this processor"
            : "--precision auto: \(autoPrecision), faster than f32 with pictures that look the same"
    }

    public init() throws {
        openVINO = try Version.runtime.build
        let current = Processor.current
        processor = current.name
        vectorUnits = Self.features.filter(current.features.contains)
        int8Saturates = current.saturatesInt8
        autoPrecision = CompileOptions.Precision.auto.named(on: .cpu).rawValue
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
        case autoPrecision = "auto_precision"
        case openVINO = "openvino"
        case memoryBytes = "memory_bytes"
        case vectorUnits = "vector_units"
    }
}
