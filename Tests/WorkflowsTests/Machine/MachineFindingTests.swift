import Inference
import TestSupport
import Testing

@testable import Workflows

@Suite struct MachineFindingTests {
    /// A machine on which nothing is to be found.
    private func healthy() -> MachineState {
        var state = MachineState()
        state.processor = Processor(cpuInfo: "flags: avx2 avx512_vnni avx512_bf16")
        (state.usableCores, state.onlineCores) = (8, 8)
        (state.memory, state.availableMemory) = (64 << 30, 48 << 30)
        state.governors = ["performance"]
        state.hugePages = "madvise"
        state.freeDisk = 100 << 30
        state.runtime = .success("2026.4.1")
        state.devices = ["CPU": .success("a processor")]
        return state
    }

    @Test func healthyMachinesHaveNoFindings() { #expect(healthy().findings == []) }

    /// One thing changed on a healthy machine, and the name and severity of what is found.
    struct Change: Sendable, CustomTestStringConvertible {
        let name: String
        let severity: MachineFinding.Severity
        let apply: @Sendable (inout MachineState) -> Void

        init(_ name: String, _ severity: MachineFinding.Severity, _ apply: @escaping @Sendable (inout MachineState) -> Void) {
            (self.name, self.severity, self.apply) = (name, severity, apply)
        }

        var testDescription: String { name }
    }

    static let changes: [Change] = [
        Change("runtime", .broken) { $0.runtime = .failure(MachineState.RuntimeFailure(reason: "a library is missing")) },
        Change("cpu-device", .broken) { $0.devices = ["GPU": .success("a card")] },
        Change("device", .broken) { $0.devices["NPU"] = .failure(MachineState.RuntimeFailure(reason: "no driver")) },
        Change("core-limit", .slow) { $0.coreLimit = 1.5 },
        Change("affinity", .note) { $0.usableCores = 2 },
        Change("load", .slow) { $0.load = 7 },
        Change("governor", .slow) { $0.governors = ["powersave"] },
        Change("nodes", .note) { $0.nodes = 2 },
        Change("avx2", .slow) { $0.processor = Processor(cpuInfo: "flags: sse4_2 avx512_bf16") },
        Change("vnni", .slow) { $0.processor = Processor(cpuInfo: "flags: avx2 avx512_bf16") },
        Change("bf16", .note) { $0.processor = Processor(cpuInfo: "flags: avx2 avx_vnni") },
        Change("memory", .slow) { $0.memoryLimit = 2_147_483_648 },
        Change("memory", .slow) { $0.availableMemory = 1_073_741_824 },
        Change("swap", .slow) { $0.usedSwap = 1_073_741_824 },
        Change("huge-pages", .slow) { $0.hugePages = "never" },
        Change("disk", .note) { $0.freeDisk = 1_073_741_824 },
        Change("gpu", .slow) { $0.hasGPUFiles = true },
    ]

    @Test(arguments: changes) func changesAreFound(_ change: Change) {
        var state = healthy()
        change.apply(&state)
        let found = state.findings
        #expect(found.map(\.name) == [change.name])
        #expect(found.first?.severity == change.severity)
        #expect(found.allSatisfy { !$0.cost.isEmpty && !$0.remedy.isEmpty })
    }

    @Test func theWorstComesFirst() {
        var state = healthy()
        (state.usableCores, state.hugePages) = (2, "never")
        state.runtime = .failure(.init(reason: "broken"))
        #expect(state.findings.map(\.severity) == [.broken, .slow, .note])
    }

    @Test func limitsNameTheThreads() throws {
        var state = healthy()
        state.coreLimit = 2.5
        let finding = try #require(state.findings.first)
        #expect(finding.found.contains("2.5 cores"))
        #expect(finding.remedy.contains("--threads 2"))
    }

    @Test func systemFilesAreRead() throws {
        let root = try TemporaryFolder()
        try root.write("proc/cpuinfo", "processor\t: 0\nflags\t\t: avx2 fma\nprocessor\t: 1\nprocessor\t: 2\nprocessor\t: 3\n")
        try root.write("proc/self/status", "Name:\tglint\nCpus_allowed_list:\t0-1,3\n")
        try root.write("proc/self/cgroup", "0::/a/b\n")
        try root.write("sys/fs/cgroup/a/cpu.max", "150000 100000\n")
        try root.write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n")
        try root.write("sys/fs/cgroup/a/b/memory.max", "1073741824\n")
        try root.write("proc/meminfo", "MemTotal: 4096 kB\nMemAvailable: 2048 kB\nSwapTotal: 1024 kB\nSwapFree: 24 kB\n")
        try root.write("proc/loadavg", "0.75 0.50 0.25 1/100 1\n")
        try root.write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n")
        try root.write("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n")
        try root.write("sys/devices/system/node/online", "0-1\n")
        try root.write("dev/dri/renderD128", "")
        let state = MachineState(root: root.path)
        #expect(state.processor.features == ["avx2", "fma"])
        #expect((state.onlineCores, state.usableCores, state.nodes) == (4, 3, 2))
        #expect((state.coreLimit, state.memoryLimit) == (1.5, 1 << 30))
        #expect((state.memory, state.availableMemory, state.usedSwap) == (4096 << 10, 2048 << 10, 1000 << 10))
        #expect((state.load, state.hugePages, state.governors) == (0.75, "madvise", ["powersave"]))
        #expect(state.hasGPUFiles && state.opensGPUFiles)
    }

    @Test func oldControlGroupsAreRead() throws {
        let root = try TemporaryFolder()
        try root.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n")
        try root.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
        try root.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
        let state = MachineState(root: root.path)
        #expect(state.coreLimit == 2)
        #expect(state.memoryLimit == nil)
    }

    @Test func aMachineThatTellsNothingIsRead() throws {
        let state = MachineState(root: try TemporaryFolder().path)
        #expect((state.onlineCores, state.usableCores, state.nodes) == (1, 1, 1))
        #expect(state.coreLimit == nil && state.hugePages == nil)
    }
}
