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

    public init() {}

    /// - Throws: `MachineError.device` for a device that this machine does not have, `.cache`; `OpenVINOError`.
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
        return CompileOptions(device: Device(device), precision: precision, threads: threads, cacheDirectory: cacheDirectory)
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

    public var description: String {
        switch self {
        case .cache(let path): "The cache must be a folder; '\(path)' is a file."
        case .device(let name, let available):
            "There is no device '\(name)' here; there is \(available.joined(separator: ", "))."
        }
    }
}
