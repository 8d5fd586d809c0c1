import Foundation
import Testing

@testable import TensorStore

@Suite struct SafetensorsHeaderFuzzTests {
    /// Headers that were changed at random are refused or, taken, describe exactly the bytes that are there; nothing is read
    /// past the end, where an unreadable page lies.
    @Test func survives100000MutatedHeaders() throws {
        let verdicts = SafetensorsHeaderTests.verdicts.filter { $0.bytes.count >= 8 }
        let valid = verdicts.filter { $0.tensors != nil }.map(\.bytes) + [try content("types.safetensors".golden)]
        // Right files are changed more often than wrong ones.
        let bases = verdicts.map(\.bytes) + valid + valid
        var mutator = HeaderMutator(seed: 2026, bases: bases)
        let guarded = try #require(GuardedMemory(byteCount: 1 << 16))
        var accepted = 0
        var refusals: [String: Int] = [:]
        for round in 0..<100_000 {
            let bytes = guarded.place(mutator.next())
            do throws(SafetensorsHeaderError) {
                let header = try SafetensorsHeader(parsing: bytes, fileByteCount: bytes.count)
                accepted += 1
                guard describesEveryByte(header, bytes) else {
                    Issue.record("round \(round): \(Array(bytes))")
                    return
                }
            } catch {
                // Making the words must not fail either.
                guard !"\(error)".isEmpty else { Issue.record("round \(round)"); return }
                refusals[Mirror(reflecting: error).children.first?.label ?? "", default: 0] += 1
            }
        }
        // Were nearly all refused for one reason, little would have been tried.
        #expect(accepted > 5_000)
        #expect(refusals.count == 15, "\(refusals)")
    }

    private func describesEveryByte(_ header: SafetensorsHeader, _ bytes: UnsafeRawBufferPointer) -> Bool {
        var end = 8 + Int(UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)))
        for tensor in header.tensors {
            guard let count = tensor.shape.checkedElementCount, tensor.offset == end,
                tensor.elementType.byteCount(of: count) == tensor.byteCount
            else { return false }
            end += tensor.byteCount
        }
        return end == bytes.count && Set(header.tensors.map(\.name)).count == header.tensors.count
    }
}

/// Memory that ends where an unreadable page begins.
final class GuardedMemory {
    private let memory: UnsafeMutableRawBufferPointer
    private let guardByteCount = Int(getpagesize())

    /// - Parameter byteCount: whole pages.
    init?(byteCount: Int) {
        guard let address = mmap(nil, byteCount + guardByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            address != MAP_FAILED, mprotect(address + byteCount, guardByteCount, PROT_NONE) == 0
        else { return nil }
        memory = UnsafeMutableRawBufferPointer(start: address, count: byteCount)
    }

    deinit { munmap(memory.baseAddress, memory.count + guardByteCount) }

    /// Copies `bytes` so that they end with the memory; valid until the next call.
    func place(_ bytes: [UInt8]) -> UnsafeRawBufferPointer {
        let target = memory[(memory.count - bytes.count)...]
        target.copyBytes(from: bytes)
        return UnsafeRawBufferPointer(rebasing: target)
    }
}

/// Makes wrong files out of right ones, the same ones for the same seed.
private struct HeaderMutator {
    private var generator: SplitMix64
    private let bases: [[UInt8]]
    private static let tokens = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "-", "0", "1", "4", "8", "9", "e", ".", " ", "\n", "\0", "\u{80}", "é",
        "\\u0061",
        "\\ud800", "null", "true", "\"F32\"", "\"F16\"", "\"I64\"", "\"U8\"", "\"BOOL\"", "9223372036854775807",
        "18446744073709551615", "4611686018427387904", "-1", "1e1", "[0,4]", "[4,8]", "[1]", "[2,2]", "[0]", "\"a\"", "\"b\"",
        "\"dtype\":", "\"shape\":", "\"data_offsets\":", "\"__metadata__\":{}",
        ",\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}",
    ].map { Array($0.utf8) }

    init(seed: UInt64, bases: [[UInt8]]) {
        generator = SplitMix64(state: seed)
        self.bases = bases
    }

    mutating func next() -> [UInt8] {
        let file = base()
        let length = file[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let end = 8 + Int(min(length, UInt64(file.count - 8)))
        var header = Array(file[8..<end])
        for _ in 0..<below(3) { change(&header) }
        // Mostly the length fits, so that the changes are read at all.
        let newLength = below(8) == 0 ? length ^ 1 << below(64) : UInt64(header.count)
        var bytes = withUnsafeBytes(of: newLength.littleEndian) { Array($0) } + header + file[end...]
        if below(8) == 0 { change(&bytes) }
        return bytes
    }

    private mutating func base() -> [UInt8] { bases[below(bases.count)] }

    private mutating func change(_ bytes: inout [UInt8]) {
        let at = below(bytes.count + 1)
        let rest = bytes.count - at
        switch below(8) {
        case 0 where rest > 0: bytes[at] ^= 1 << below(8)
        case 1 where rest > 0: bytes[at] = UInt8(below(256))
        case 2: bytes.insert(contentsOf: Self.tokens[below(Self.tokens.count)], at: at)
        case 3 where rest > 0: bytes.replaceSubrange(at..<at + 1, with: Self.tokens[below(Self.tokens.count)])
        case 4: bytes.removeSubrange(at..<at + below(min(rest, 12) + 1))
        case 5: bytes.insert(contentsOf: bytes[at..<at + below(min(rest, 60) + 1)], at: below(bytes.count + 1))
        case 6 where below(4) == 0: bytes.removeSubrange(at...)
        case 7:
            let other = base()
            let start = below(other.count + 1)
            bytes.insert(contentsOf: other[start..<start + below(min(other.count - start, 60) + 1)], at: at)
        // White space and letters in names: most such headers stay valid.
        default: bytes.insert(below(2) == 0 ? 0x20 : 0x62, at: at)
        }
    }

    private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }
}

/// https://prng.di.unimi.it/splitmix64.c
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
