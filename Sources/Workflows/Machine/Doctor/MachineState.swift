import Foundation
public import Inference
import OpenVINO

/// The state of a machine as the system and the runtime tell it: the facts that findings are made of.
public struct MachineState: Sendable {
    public var processor = Processor(cpuInfo: "")
    /// The cores that this process may use.
    public var usableCores = 1
    /// The machine's cores.
    public var onlineCores = 1
    /// The control group's limit in cores, such as 1.5; nil without one.
    public var coreLimit: Double?
    /// The governors of all cores; empty where the system tells none.
    public var governors: Set<String> = []
    /// Processes that wait or run, on average over the last minute.
    public var load: Double = 0
    /// Bytes.
    public var memory = 0
    public var availableMemory = 0
    /// The control group's limit in bytes; nil without one.
    public var memoryLimit: Int?
    public var usedSwap = 0
    /// `always`, `madvise` or `never`; nil where the system tells nothing.
    public var hugePages: String?
    public var nodes = 1
    /// The runtime's version, or why it does not work.
    public var runtime: Result<String, RuntimeFailure> = .failure(RuntimeFailure(reason: "it was not looked at"))
    /// Devices by name, with what they tell as their name, or why they don't.
    public var devices: [String: Result<String, RuntimeFailure>] = [:]
    /// Whether GPU files are there (`/dev/dri`).
    public var hasGPUFiles = false
    /// Whether this process may open them.
    public var opensGPUFiles = false
    /// Free bytes of the disk with the home folder's cache.
    public var freeDisk: Int?

    public init() {}

    public struct RuntimeFailure: Error, Sendable, Equatable {
        public let reason: String
        public init(reason: String) { self.reason = reason }
    }
}

extension MachineState {
    /// Reads the state of this machine.
    /// - Parameter root: the folder that `proc`, `sys` and `dev` are in.
    public init(root: String) {
        let files = SystemFiles(root: root)
        self.init()
        let cpuInfo = files.text("proc/cpuinfo") ?? ""
        processor = Processor(cpuInfo: cpuInfo)
        onlineCores = max(cpuInfo.split(separator: "\n").count { $0.hasPrefix("processor") }, 1)
        usableCores = files.status("Cpus_allowed_list").map(SystemFiles.count) ?? onlineCores
        coreLimit = files.coreLimit
        governors = files.governors
        load = files.text("proc/loadavg").flatMap { $0.split(separator: " ").first.flatMap { Double($0) } } ?? 0
        memory = files.meminfo("MemTotal") ?? 0
        availableMemory = files.meminfo("MemAvailable") ?? 0
        memoryLimit = files.memoryLimit
        usedSwap = (files.meminfo("SwapTotal") ?? 0) - (files.meminfo("SwapFree") ?? 0)
        hugePages = files.text("sys/kernel/mm/transparent_hugepage/enabled").flatMap { text in
            text.split(separator: "[").dropFirst().first.map { String($0.prefix { $0 != "]" }) }
        }
        nodes = max(files.text("sys/devices/system/node/online").map(SystemFiles.count) ?? 1, 1)
        let cards = files.names("dev/dri").filter { $0.hasPrefix("renderD") }
        hasGPUFiles = !cards.isEmpty
        opensGPUFiles = cards.contains { access("\(root)/dev/dri/\($0)", R_OK | W_OK) == 0 }
        let home = URL(filePath: NSHomeDirectory())
        freeDisk = (try? home.resourceValues(forKeys: [.volumeAvailableCapacityKey]))?.volumeAvailableCapacity
    }

    /// The state of this machine, with the runtime's.
    public static func current() -> MachineState {
        var state = MachineState(root: "")
        do {
            state.runtime = .success(try Version.runtime.build)
            let core = try Core.shared
            for device in try core.availableDevices {
                do {
                    state.devices[device.name] = .success(try core.property(.fullDeviceName, of: device))
                } catch {
                    state.devices[device.name] = .failure(RuntimeFailure(reason: error.reason))
                }
            }
        } catch {
            state.runtime = .failure(RuntimeFailure(reason: error.reason))
        }
        return state
    }
}

/// The system's files about a machine and this process.
struct SystemFiles {
    let root: String

    func text(_ path: String) -> String? {
        (try? String(contentsOfFile: "\(root)/\(path)", encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func names(_ folder: String) -> [String] { (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? [] }

    /// A field of `/proc/meminfo`, in bytes.
    func meminfo(_ name: String) -> Int? {
        field(name, in: "proc/meminfo").flatMap { Int($0.prefix { $0.isNumber }) }.map { $0 << 10 }
    }

    func status(_ name: String) -> String? { field(name, in: "proc/self/status") }

    private func field(_ name: String, in path: String) -> String? {
        text(path)?.split(separator: "\n").first { $0.hasPrefix("\(name):") }.map {
            $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
        }
    }

    /// The number of a list such as `0-3,8`.
    static func count(_ list: String) -> Int {
        list.split(separator: ",").reduce(0) { sum, part in
            let ends = part.split(separator: "-").compactMap { Int($0) }
            return sum + (ends.count == 2 ? max(ends[1] - ends[0] + 1, 0) : ends.count)
        }
    }

    /// The control groups of this process, the innermost first, and then the root.
    private var groups: [String] {
        let own = text("proc/self/cgroup")?.split(separator: "\n").first { $0.hasPrefix("0::") }?.dropFirst(3) ?? ""
        var path = own.split(separator: "/").map(String.init)
        var result: [String] = []
        while !path.isEmpty {
            result.append("sys/fs/cgroup/" + path.joined(separator: "/"))
            path.removeLast()
        }
        return result + ["sys/fs/cgroup"]
    }

    /// The least limit of processor time, in cores.
    var coreLimit: Double? {
        var limits = groups.compactMap { group -> Double? in
            guard let parts = text("\(group)/cpu.max")?.split(separator: " "), parts.count == 2, let quota = Double(parts[0]),
                let period = Double(parts[1]), period > 0
            else { return nil }
            return quota / period
        }
        if let quota = text("sys/fs/cgroup/cpu/cpu.cfs_quota_us").flatMap({ Double($0) }), quota > 0,
            let period = text("sys/fs/cgroup/cpu/cpu.cfs_period_us").flatMap({ Double($0) }), period > 0
        {
            limits.append(quota / period)
        }
        return limits.min()
    }

    /// The least limit of memory, in bytes.
    var memoryLimit: Int? {
        let paths = groups.map { "\($0)/memory.max" } + ["sys/fs/cgroup/memory/memory.limit_in_bytes"]
        // Without a limit, the older interface has the largest number of whole pages.
        return paths.compactMap { text($0).flatMap { Int($0) } }.filter { $0 < 1 << 60 }.min()
    }

    var governors: Set<String> {
        let cores = names("sys/devices/system/cpu").filter { $0.hasPrefix("cpu") && Int($0.dropFirst(3)) != nil }
        return Set(cores.compactMap { text("sys/devices/system/cpu/\($0)/cpufreq/scaling_governor") })
    }
}
