public import ArgumentParser
import Diffusion
import Inference
public import ModelLoading
import OpenVINO

extension CompileOptions.Precision: ExpressibleByArgument {}

/// The device of the networks, and its settings.
struct MachineOptions: ParsableArguments {
    @Option(help: "CPU, GPU, GPU.1 …: see glint info.") var device = "CPU"
    @Option(help: "f32 draws what the reference draws; auto, bf16 and f16 are faster where the device has them.")
    var precision = CompileOptions.Precision.f32
    @Option(help: "Threads. (default: one a core)") var threads: Int?
    @Option(help: "The most memory to use, such as 6G. (default: what one network at a time takes, for one picture)")
    var maxMemory: String?
    @Option(help: "Keep compiled networks in this folder: a faster start, for up to 4 GB of disk.") var cacheDir: String?

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads must be 1 or more; it is \(threads).") }
        if let maxMemory, Self.bytes(maxMemory) == nil {
            throw ValidationError("--max-memory must be a size such as 4G or 3500M; it is '\(maxMemory)'.")
        }
    }

    /// - Throws: `MachineError.device` for a device that does not exist.
    func compileOptions() throws -> CompileOptions {
        let available = try Core.shared.availableDevices
        // The runtime checks compound devices (AUTO:…, HETERO:…).
        if !device.contains(":"), !["AUTO"].contains(device),
            !available.contains(where: { $0.name == device || $0.name.hasPrefix("\(device).") })
        {
            throw MachineError.device(device, available: available.map(\.name))
        }
        return CompileOptions(device: Device(device), precision: precision, threads: threads, cacheDirectory: cacheDir)
    }

    /// Minimal memory for one picture; networks stay in memory for several.
    func memoryPolicy(pictures: Int) -> MemoryPolicy {
        if let bytes = maxMemory.flatMap(Self.bytes) { return .limit(bytes) }
        return pictures == 1 ? .staged : .resident
    }

    /// The same options as arguments of another process.
    var arguments: [String] {
        var arguments = ["--device", device, "--precision", precision.rawValue]
        if let threads { arguments += ["--threads", "\(threads)"] }
        if let maxMemory { arguments += ["--max-memory", maxMemory] }
        if let cacheDir { arguments += ["--cache-dir", cacheDir] }
        return arguments
    }

    /// `4G`, `3500M`, `1000000`.
    static func bytes(_ text: String) -> Int? {
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

enum MachineError: Error, CustomStringConvertible {
    case device(String, available: [String])

    var description: String {
        switch self {
        case .device(let name, let available):
            "There is no device '\(name)' here; there is \(available.joined(separator: ", "))."
        }
    }
}
