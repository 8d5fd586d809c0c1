public import ArgumentParser
public import Inference
import Workflows

extension CompileOptions.Precision: ExpressibleByArgument {}

/// The device of the networks, and its settings.
struct MachineOptions: ParsableArguments {
    @Option(help: "The device: CPU, GPU, GPU.1 …; see glint info.") var device = "CPU"
    @Option(
        help: """
            The precision of inference: auto, f32 (the reference's), bf16 or f16. (default: auto, the fastest whose pictures look \
            like those of f32, see glint info; with --from, the picture's; f32 for transcribe, eval, fid and quantize)
            """)
    var precision: CompileOptions.Precision?
    @Option(help: "The number of threads. (default: one per core)") var threads: Int?
    @Option(help: "The most memory to use, such as 6G. (default: what one network at a time takes, for one picture)")
    var maxMemory: String?
    @Option(help: "A folder that keeps compiled networks for a faster start; takes up to 4 GB.") var cacheDir: String?
    @Option(
        name: .customLong("extension"),
        help: ArgumentHelp(
            "A shared library with custom operations, for OpenVINO's ov_core_add_extension. Repeatable.", valueName: "library"))
    var extensions: [String] = []
    @Option(help: ArgumentHelp("OpenCL kernels of custom operations, for GPUs.", valueName: "file.xml")) var gpuKernels: String?

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads must be 1 or more; it is \(threads).") }
        if let maxMemory, MachineSettings.bytes(maxMemory).map({ $0 < 1 << 20 }) ?? true {
            throw ValidationError("--max-memory must be a size such as 4G or 3500M; it is '\(maxMemory)'.")
        }
    }

    /// Refuses `--max-memory` for a command that has no choice of what it keeps in memory.
    func refuseMaxMemory() throws {
        if maxMemory != nil {
            throw ValidationError("--max-memory is for glint generate and glint compare; this command can't keep to it.")
        }
    }

    var settings: MachineSettings {
        var settings = MachineSettings()
        (settings.device, settings.precision, settings.threads) = (device, precision ?? .auto, threads)
        (settings.maxMemory, settings.cacheDirectory) = (maxMemory.flatMap(MachineSettings.bytes), cacheDir)
        (settings.extensions, settings.gpuKernels) = (extensions, gpuKernels)
        return settings
    }

    /// The same options as arguments of another process.
    var arguments: [String] {
        var arguments = ["--device", device]
        if let precision { arguments += ["--precision", precision.rawValue] }
        if let threads { arguments += ["--threads", "\(threads)"] }
        if let maxMemory { arguments += ["--max-memory", maxMemory] }
        if let cacheDir { arguments += ["--cache-dir", cacheDir] }
        for path in extensions { arguments += ["--extension", path] }
        if let gpuKernels { arguments += ["--gpu-kernels", gpuKernels] }
        return arguments
    }
}
