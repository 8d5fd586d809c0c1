public import TensorStore

extension Dimension {
    /// Applies `body` to the size, where it is known. Bounds of a dynamic axis are not followed.
    func map(_ body: (Int) -> Int) -> Dimension {
        if case .fixed(let value) = self { .fixed(body(value)) } else { .any }
    }

    /// The axis that holds one after the other.
    static func + (a: Dimension, b: Dimension) -> Dimension {
        if case .fixed(let a) = a, case .fixed(let b) = b { .fixed(a + b) } else { .any }
    }

    /// The axis of two that must be the same one; nil where they can't be.
    func merged(with other: Dimension) -> Dimension? {
        guard isCompatible(with: other) else { return nil }
        return fixedValue == nil ? other : self
    }

    /// The axis of two that broadcast against each other as NumPy's do; nil where they don't.
    func broadcast(with other: Dimension) -> Dimension? {
        switch (self, other) {
        case (.fixed(1), _): other
        case (_, .fixed(1)): self
        default: merged(with: other)
        }
    }
}

extension PartialShape {
    /// NumPy's broadcasting: aligned at the last axis, axes of 1 stretched; nil where the shapes don't fit.
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

    /// Whether the shapes can be of one tensor.
    public func isCompatible(with other: PartialShape) -> Bool {
        guard let mine = dimensions, let theirs = other.dimensions else { return true }
        return mine.count == theirs.count && zip(mine, theirs).allSatisfy { $0.isCompatible(with: $1) }
    }
}
