import Foundation

/// The processor of this machine, as the system describes it.
public struct Processor: Sendable, Hashable {
    /// The vendor's name; "unknown processor" where the system gives none.
    public let name: String
    /// Features by the names of `/proc/cpuinfo`: `avx2`, `avx512_vnni`, `amx_bf16` …
    public let features: Set<String>

    /// - Parameter cpuInfo: the text of `/proc/cpuinfo`.
    public init(cpuInfo: String) {
        func field(_ name: String) -> String? {
            cpuInfo.split(separator: "\n").first { $0.hasPrefix(name) }?.split(separator: ":").dropFirst().first
                .map { $0.trimmingCharacters(in: .whitespaces) }
        }
        name = field("model name") ?? "unknown processor"
        features = Set((field("flags") ?? "").split(separator: " ").map(String.init))
    }

    public static let current = Processor(cpuInfo: (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? "")

    /// Whether the CPU plugin's sums of 8-bit products saturate in 16 bits, as they do without VNNI. Weights of 7 bits are safe.
    public var saturatesInt8: Bool { features.isDisjoint(with: ["avx_vnni", "avx512_vnni", "amx_int8"]) }
}
