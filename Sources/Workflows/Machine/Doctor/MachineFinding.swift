import Inference
import OpenVINO

/// A fault or a slowness of a machine, with its cost and its remedy.
public struct MachineFinding: Encodable, Sendable, Equatable {
    public enum Severity: String, Encodable, Sendable, Comparable {
        /// Something does not work.
        case broken
        /// Something works slower than it could.
        case slow
        case note

        private var rank: Int {
            switch self {
            case .broken: 0
            case .slow: 1
            case .note: 2
            }
        }

        public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
    }

    /// A name that does not change, such as `core-limit`.
    public let name: String
    public let severity: Severity
    public let found: String
    public let cost: String
    public let remedy: String
}

extension MachineState {
    /// The findings, the worst first.
    public var findings: [MachineFinding] {
        (runtimeFindings + coreFindings + processorFindings + memoryFindings + deviceFindings).enumerated()
            .sorted { ($0.element.severity, $0.offset) < ($1.element.severity, $1.offset) }.map(\.element)
    }

    private var runtimeFindings: [MachineFinding] {
        var findings: [MachineFinding] = []
        if case .failure(let failure) = runtime {
            findings.append(
                MachineFinding(
                    name: "runtime", severity: .broken, found: "OpenVINO does not work: \(failure.reason)",
                    cost: "nothing runs",
                    remedy: "in a checkout, remove .runtime and run ./glint setup; otherwise install glint again"))
        } else if devices["CPU"] == nil {
            findings.append(
                MachineFinding(
                    name: "cpu-device", severity: .broken,
                    found: "the runtime has no CPU device; it has \(devices.keys.sorted().joined(separator: ", "))",
                    cost: "nothing runs without --device",
                    remedy:
                        "see that libopenvino_intel_cpu_plugin.so and libtbb.so lie beside libopenvino.so; run ./glint setup again"
                ))
        }
        for (name, result) in devices.sorted(by: { $0.key < $1.key }) {
            guard case .failure(let failure) = result else { continue }
            findings.append(
                MachineFinding(
                    name: "device", severity: .broken, found: "the device \(name) does not answer: \(failure.reason)",
                    cost: "networks can't run on it", remedy: "install or update the driver of the device"))
        }
        return findings
    }

    private var coreFindings: [MachineFinding] {
        var findings: [MachineFinding] = []
        if let coreLimit, coreLimit < Double(usableCores) {
            let limit = MachineFinding.number(coreLimit)
            findings.append(
                MachineFinding(
                    name: "core-limit", severity: .slow,
                    found: "the container may use the time of \(limit) cores, and sees \(usableCores)",
                    cost: "threads beyond the limit are stopped in the middle of their work, and others wait for them",
                    remedy:
                        "give as many threads as cores: --threads \(max(Int(coreLimit), 1)); or raise the limit (docker --cpus)"))
        }
        if usableCores < onlineCores {
            findings.append(
                MachineFinding(
                    name: "affinity", severity: .note,
                    found: "this process may use \(usableCores) of \(onlineCores) cores",
                    cost: "the others stay idle", remedy: "if that is not meant, start it without taskset or with another cpuset")
            )
        }
        if load > Double(usableCores) * 0.5 {
            findings.append(
                MachineFinding(
                    name: "load", severity: .slow,
                    found: "other work runs: the load is \(MachineFinding.number(load)) on \(usableCores) cores",
                    cost: "networks share the cores with it, and measurements are noisy",
                    remedy: "end it, or wait; for a measurement take turns (glint bench model --versus)"))
        }
        let slow = governors.subtracting(["performance", "schedutil"])
        if !slow.isEmpty {
            findings.append(
                MachineFinding(
                    name: "governor", severity: .slow,
                    found: "the cores' frequency is set by \(slow.sorted().joined(separator: ", "))",
                    cost: "cores may stay at a low frequency in short work",
                    remedy: "as root: cpupower frequency-set -g performance"))
        }
        if nodes > 1 {
            findings.append(
                MachineFinding(
                    name: "nodes", severity: .note, found: "memory is in \(nodes) NUMA nodes",
                    cost: "a network whose threads are on several nodes waits for memory of the others",
                    remedy: "for one picture at a time: numactl --cpunodebind=0 --membind=0 glint …"))
        }
        return findings
    }

    private var processorFindings: [MachineFinding] {
        var findings: [MachineFinding] = []
        if !processor.features.contains("avx2") {
            findings.append(
                MachineFinding(
                    name: "avx2", severity: .slow, found: "the processor has no AVX2",
                    cost: "networks run with vectors of 4 numbers, several times slower",
                    remedy: "in a virtual machine, pass the host's processor through (QEMU: -cpu host)"))
        } else if processor.saturatesInt8 {
            findings.append(
                MachineFinding(
                    name: "vnni", severity: .slow, found: "the processor has no VNNI",
                    cost: "INT8 is little faster than f32, and its sums can overflow: quantized weights are of 7 bits here",
                    remedy: "take f32 models where speed is what counts; in a virtual machine, pass the host's processor through")
            )
        }
        if !CompileOptions.Precision.bf16.isAvailable(on: .cpu, processor) {
            findings.append(
                MachineFinding(
                    name: "bf16", severity: .note, found: "the processor does not compute in bf16",
                    cost: "--precision bf16 and f16 are computed in f32, as auto is", remedy: "nothing to do"))
        }
        return findings
    }

    /// The memory of the networks of Stable Diffusion 1.5 one at a time, in bytes; see docs/benchmarks.md.
    private static let usualMemory = 5 << 30

    private var memoryFindings: [MachineFinding] {
        var findings: [MachineFinding] = []
        let free = min(availableMemory, memoryLimit ?? .max)
        if memory > 0, free < Self.usualMemory {
            let limited = (memoryLimit ?? .max) < availableMemory
            findings.append(
                MachineFinding(
                    name: "memory", severity: .slow,
                    found: "\(MachineFinding.gibibytes(free)) of memory \(limited ? "are the container's limit" : "are free")",
                    cost:
                        "models of the size of Stable Diffusion 1.5 take about \(MachineFinding.gibibytes(Self.usualMemory)) in f32",
                    remedy: limited
                        ? "raise the limit (docker --memory), or take a smaller model, such as Models/emoji-lcm"
                        : "end other programs, or take a smaller or quantized model; --max-memory keeps to a limit"))
        }
        if usedSwap > 256 << 20 {
            findings.append(
                MachineFinding(
                    name: "swap", severity: .slow, found: "\(MachineFinding.gibibytes(usedSwap)) of memory are swapped to disk",
                    cost: "what is used again is read from the disk first", remedy: "end other programs, or add memory"))
        }
        if hugePages == "never" {
            findings.append(
                MachineFinding(
                    name: "huge-pages", severity: .slow, found: "huge pages are off",
                    cost: "a few per cent of a large network's time, for looking up addresses",
                    remedy: "as root: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled"))
        }
        if let freeDisk, freeDisk < 8 << 30 {
            findings.append(
                MachineFinding(
                    name: "disk", severity: .note, found: "\(MachineFinding.gibibytes(freeDisk)) of disk are free",
                    cost: "glint pull needs 2 to 7 GiB for a model, --cache-dir up to 4 GiB",
                    remedy: "free some, or set HF_HOME to another disk"))
        }
        return findings
    }

    private var deviceFindings: [MachineFinding] {
        guard hasGPUFiles, !devices.keys.contains(where: { $0.hasPrefix("GPU") }) else { return [] }
        return [
            MachineFinding(
                name: "gpu", severity: .slow, found: "there is a graphics card that the runtime does not see",
                cost: "networks run on the CPU alone",
                remedy: opensGPUFiles
                    ? "if it is Intel's, install its compute runtime (Debian: intel-opencl-icd); others are not supported"
                    : "this user may not open /dev/dri: add it to the group render, and in a container pass --device /dev/dri")
        ]
    }
}

extension MachineFinding {
    /// A number without digits that tell nothing: `2`, `1.5`.
    fileprivate static func number(_ value: Double) -> String {
        let tenths = (value * 10).rounded() / 10
        return tenths == tenths.rounded() ? "\(Int(tenths))" : "\(tenths)"
    }

    fileprivate static func gibibytes(_ bytes: Int) -> String { "\(number(Double(bytes) / 1_073_741_824)) GiB" }
}
