import Foundation
import TensorStore
import Testing

@Suite struct HalfPrecisionTests {
    /// What the standard says a binary16 number is worth.
    private func value(f16 bits: UInt16) -> Double {
        let sign: Double = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 0x1F)
        let fraction = Double(bits & 0x3FF) / 1024
        return switch exponent {
        case 0: sign * fraction * exp2(-14)
        case 31: fraction == 0 ? sign * .infinity : .nan
        default: sign * (1 + fraction) * exp2(Double(exponent - 15))
        }
    }

    @Test func readsAllF16Numbers() {
        for bits in UInt16.min...UInt16.max {
            let found = HalfPrecision.float(f16: bits)
            let expected = value(f16: bits)
            guard Double(found) == expected || found.isNaN && expected.isNaN, found.sign == (bits & 0x8000 == 0 ? .plus : .minus),
                HalfPrecision.f16(found) == (expected.isNaN ? bits | 0x200 : bits)
            else {
                Issue.record("\(bits) became \(found)")
                return
            }
        }
    }

    /// Around each number and each midpoint between two numbers.
    @Test func roundsToTheNearestF16() {
        for bits in UInt16(0)..<0x7C00 {
            let low = HalfPrecision.float(f16: bits)
            let midpoint = Float(bits == 0x7BFF ? 65520 : (value(f16: bits) + value(f16: bits + 1)) / 2)
            let even = bits & 1 == 0 ? bits : bits + 1
            for (number, expected) in [
                (low.nextUp, bits), (midpoint.nextDown, bits), (midpoint, even), (midpoint.nextUp, bits + 1),
            ] where HalfPrecision.f16(number) != expected || HalfPrecision.f16(-number) != expected | 0x8000 {
                Issue.record("\(number) became \(HalfPrecision.f16(number)), not \(expected)")
                return
            }
        }
        #expect(HalfPrecision.f16(.greatestFiniteMagnitude) == 0x7C00)
        #expect(HalfPrecision.f16(-.infinity) == 0xFC00)
        #expect(HalfPrecision.f16(.leastNonzeroMagnitude) == 0)
    }

    @Test func roundsToTheNearestBF16() {
        for bits in UInt16(0)..<0x7F80 {
            let low = HalfPrecision.float(bf16: bits)
            let midpoint = Float(bitPattern: UInt32(bits) << 16 | 0x8000)
            let even = bits & 1 == 0 ? bits : bits + 1
            for (number, expected) in [
                (low, bits), (low.nextUp, bits), (midpoint.nextDown, bits), (midpoint, even), (midpoint.nextUp, bits + 1),
            ] where HalfPrecision.bf16(number) != expected || HalfPrecision.bf16(-number) != expected | 0x8000 {
                Issue.record("\(number) became \(HalfPrecision.bf16(number)), not \(expected)")
                return
            }
        }
        #expect(HalfPrecision.bf16(.infinity) == 0x7F80)
        #expect(HalfPrecision.float(bf16: HalfPrecision.bf16(.nan)).isNaN)
        #expect(HalfPrecision.float(bf16: HalfPrecision.bf16(Float(bitPattern: 0x7F80_0001))).isNaN)
    }
}
