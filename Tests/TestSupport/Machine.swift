import Foundation

/// Whether sums of 8-bit products saturate on this machine, which has no VNNI. Weights of 7 bits are then the ones to compute with.
public let int8Saturates: Bool = {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let flags = text.split(separator: "\n").first { $0.hasPrefix("flags") } ?? ""
    return !["avx_vnni", "avx512_vnni", "amx_int8"].contains { flags.split(separator: " ").contains(Substring($0)) }
}()
