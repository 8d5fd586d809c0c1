import Foundation
public import Imaging
public import Testing

/// Peak signal-to-noise ratio of two sequences of 8-bit samples, in dB: 10 · log10(255² / mean squared difference),
/// infinite if they are equal. Different lengths are recorded as an issue and give NaN, which fails every comparison.
public func psnr(_ found: [UInt8], _ reference: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) -> Double {
    guard found.count == reference.count, !found.isEmpty else {
        Issue.record("\(found.count) samples, the reference has \(reference.count)", sourceLocation: sourceLocation)
        return .nan
    }
    let sum = zip(found, reference).reduce(into: 0) { $0 += (Int($1.0) - Int($1.1)) * (Int($1.0) - Int($1.1)) }
    return sum == 0 ? .infinity : 10 * log10(255 * 255 * Double(found.count) / Double(sum))
}

/// PSNR of two pictures of the same size.
public func psnr(_ found: RGBImage, _ reference: RGBImage, sourceLocation: SourceLocation = #_sourceLocation) -> Double {
    guard found.width == reference.width, found.height == reference.height else {
        Issue.record(
            "\(found.width)×\(found.height), the reference is \(reference.width)×\(reference.height)",
            sourceLocation: sourceLocation)
        return .nan
    }
    return psnr(found.bytes, reference.bytes, sourceLocation: sourceLocation)
}

/// The largest difference between samples at the same position; 256, above any difference, if the sizes differ.
public func largestDifference(_ found: RGBImage, _ reference: RGBImage) -> Int {
    guard found.width == reference.width, found.height == reference.height else { return 256 }
    return zip(found.bytes, reference.bytes).reduce(0) { max($0, abs(Int($1.0) - Int($1.1))) }
}
