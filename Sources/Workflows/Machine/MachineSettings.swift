public import Diffusion
import Foundation
public import Inference
import OpenVINO

/// The device of the networks and its settings, as a person or a configuration names them.
public struct MachineSettings: Sendable {
    /// CPU, GPU, GPU.1 …, AUTO or a compound device such as `HETERO:GPU,CPU`.
    public var device = "CPU"
    public var precision = CompileOptions.Precision.auto
    /// nil for one a core.
    public var threads: Int?
    /// The most memory for networks, in bytes; nil for no limit.
    public var maxMemory: Int?
    /// The folder that keeps compiled networks; nil for none.
    public var cacheDirectory: String?
    /// Paths of extension libraries with operations that the runtime does not have.
    public var extensions: [String] = []
    /// The path of an XML file that binds custom operations to OpenCL kernels; for GPUs.
    public var gpuKernels: String?

    public init() {}

    /// - Throws: `MachineError.device` for a device that this machine does not have, `.cache`, `.gpuKernels`; `GPUKernelsError`;
    ///   `ExtensionError`; `OpenVINOError`.
    public func compileOptions() throws -> CompileOptions {
        if let cacheDirectory {
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: cacheDirectory, isDirectory: &isFolder)
            if exists, !isFolder.boolValue { throw MachineError.cache(path: cacheDirectory) }
        }
        let available = try Core.shared.availableDevices
        // The runtime checks compound devices (AUTO:…, HETERO:…).
        guard
            device.contains(":") || device == "AUTO"
                || available.contains(where: { $0.name == device || $0.name.hasPrefix("\(device).") })
        else { throw MachineError.device(device, available: available.map(\.name)) }
        var options = CompileOptions(
            device: Device(device), precision: precision, threads: threads, cacheDirectory: cacheDirectory, extensions: extensions
        )
        if let gpuKernels {
            guard device.contains("GPU") else { throw MachineError.gpuKernels(device: device) }
            options.gpuKernels = try GPUKernels(URL(filePath: gpuKernels)).url.path
        }
        // A library that can't be loaded is told before anything is read or fetched.
        try ExtensionLibraries.load(extensions)
        return options
    }

    /// Minimal memory for one picture; networks stay in memory for several.
    public func memoryPolicy(pictures: Int) -> MemoryPolicy {
        if let maxMemory { return .limit(maxMemory) }
        return pictures == 1 ? .staged : .resident
    }

    /// A number of bytes as people write it: `4G`, `3500M`, `1.5GiB`, `1000000`. Units are powers of 1024.
    /// - Returns: nil for anything else, and for sizes of 0.
    public static func bytes(_ text: String) -> Int? {
        let units = ["K": 10, "M": 20, "G": 30, "T": 40]
        var number = text.uppercased()
        if number.hasSuffix("B") { number.removeLast() }
        if number.hasSuffix("I") { number.removeLast() }
        let shift = number.last.flatMap { units[String($0)] }
        if shift != nil { number.removeLast() }
        guard let value = Double(number), value > 0, value.isFinite else { return nil }
        let bytes = value * Double(1 << (shift ?? 0))
        return bytes < Double(Int.max / 2) ? Int(bytes) : nil
    }
}

public enum MachineError: Error, Equatable, CustomStringConvertible {
    case device(String, available: [String])
    /// A path for the cache that is no folder.
    case cache(path: String)
    /// Kernels for a device that is no GPU.
    case gpuKernels(device: String)

    public var description: String {
        switch self {
        case .cache(let path): "The cache must be a folder; '\(path)' is a file."
        case .gpuKernels(let device):
            "GPU kernels are for GPUs, and the device is \(device): give --device GPU, or leave --gpu-kernels out."
        case .device(let name, let available):
            "There is no device '\(name)' here; there is \(available.joined(separator: ", "))."
        }
    }
}
