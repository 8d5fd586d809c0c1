public import TensorStore

extension Dimension {
    /// The size times `scale`. The result is unknown for a dynamic size, bounds included, and for sizes beyond `Int`.
    static func * (dimension: Dimension, scale: Int) -> Dimension {
        guard case .fixed(let size) = dimension else { return .any }
        let (product, overflow) = size.multipliedReportingOverflow(by: scale)
        return overflow ? .any : .fixed(product)
    }

    /// The size of two axes after concatenation.
    static func + (a: Dimension, b: Dimension) -> Dimension {
        guard case .fixed(let a) = a, case .fixed(let b) = b else { return .any }
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .any : .fixed(sum)
    }

    /// The size of two axes that must be equal; nil if they can't be.
    func merged(with other: Dimension) -> Dimension? {
        guard isCompatible(with: other) else { return nil }
        switch (self, other) {
        case (.fixed, _): return self
        case (_, .fixed): return other
        case (.dynamic(let low, let high), .dynamic(let otherLow, let otherHigh)):
            let minimum = max(low, otherLow)
            let maximum = [high, otherHigh].compactMap(\.self).min()
            return minimum == maximum ? .fixed(minimum) : .dynamic(minimum: minimum, maximum: maximum)
        }
    }

    /// The size of two axes after NumPy broadcasting; nil if they don't broadcast.
    func broadcast(with other: Dimension) -> Dimension? {
        switch (self, other) {
        case (.fixed(1), _): return other
        case (_, .fixed(1)): return self
        case (.fixed, .dynamic) where other.isCompatible(with: 1): return self
        case (.dynamic, .fixed) where isCompatible(with: 1): return other
        case (.dynamic, .dynamic) where self != other && (isCompatible(with: 1) || other.isCompatible(with: 1)):
            // Either may turn out to be the 1 that is stretched.
            return .any
        default: return merged(with: other)
        }
    }
}

extension PartialShape {
    /// NumPy broadcasting: shapes are aligned at the last axis and axes of 1 are stretched; nil if the shapes don't fit.
    static func broadcast(_ a: PartialShape, _ b: PartialShape) -> PartialShape? {
        guard let a = a.dimensions, let b = b.dimensions else { return .any }
        var result: [Dimension] = []
        for back in 0..<max(a.count, b.count) {
            let left = back < a.count ? a[a.count - 1 - back] : 1
            let right = back < b.count ? b[b.count - 1 - back] : 1
            guard let dimension = left.broadcast(with: right) else { return nil }
            result.append(dimension)
        }
        return PartialShape(result.reversed())
    }

    /// Whether a tensor can have both shapes.
    public func isCompatible(with other: PartialShape) -> Bool {
        guard let mine = dimensions, let theirs = other.dimensions else { return true }
        return mine.count == theirs.count && zip(mine, theirs).allSatisfy { $0.isCompatible(with: $1) }
    }
}
