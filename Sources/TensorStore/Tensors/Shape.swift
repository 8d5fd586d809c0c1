/// The sizes of a tensor's axes, outermost first. A scalar has no axes.
public struct Shape: Sendable, Hashable {
    public var dimensions: [Int]

    public init(_ dimensions: [Int]) { self.dimensions = dimensions }

    /// Number of axes.
    public var rank: Int { dimensions.count }

    /// The product of all axes (1 for a scalar); nil where an axis is negative, or the product of those that are not 0
    /// overflows `Int`.
    ///
    /// Of a shape with a count, the product of any of its axes, in any order, can be computed without a check.
    public var checkedElementCount: Int? {
        var count = 1
        for dimension in dimensions where dimension != 0 {
            guard dimension > 0 else { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
            guard !overflow else { return nil }
            count = product
        }
        return dimensions.contains(0) ? 0 : count
    }
}

extension Shape: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: Int...) { self.init(elements) }
}

extension Shape: RandomAccessCollection, MutableCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { dimensions.count }
    public subscript(axis: Int) -> Int {
        get { dimensions[axis] }
        set { dimensions[axis] = newValue }
    }
}

extension Shape: CustomStringConvertible {
    public var description: String { "[" + dimensions.map(String.init).joined(separator: ", ") + "]" }
}

/// One axis of a shape that may be known only at run time.
public enum Dimension: Sendable, Hashable {
    case fixed(Int)
    /// Anything from `minimum` to `maximum`; no upper bound where `maximum` is nil.
    case dynamic(minimum: Int, maximum: Int?)

    /// An axis of any size.
    public static let any = Dimension.dynamic(minimum: 0, maximum: nil)

    /// The size, where it is known.
    public var fixedValue: Int? {
        if case .fixed(let value) = self { value } else { nil }
    }

    /// Whether an axis of this size and one of `other` can be the same axis.
    public func isCompatible(with other: Dimension) -> Bool {
        switch (self, other) {
        case (.fixed(let a), .fixed(let b)): a == b
        case (.fixed(let a), .dynamic(let low, let high)), (.dynamic(let low, let high), .fixed(let a)):
            a >= low && a <= high ?? .max
        case (.dynamic(let low, let high), .dynamic(let otherLow, let otherHigh)):
            low <= otherHigh ?? .max && otherLow <= high ?? .max
        }
    }
}

extension Dimension: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int) { self = .fixed(value) }
}

extension Dimension: CustomStringConvertible {
    /// IR's notation: `3`, `?`, `1..8`, `2..`.
    public var description: String {
        switch self {
        case .fixed(let value): String(value)
        case .dynamic(0, nil): "?"
        case .dynamic(let minimum, let maximum): "\(minimum)..\(maximum.map(String.init) ?? "")"
        }
    }
}

/// A shape some of whose axes, or all of them, may be known only at run time.
public struct PartialShape: Sendable, Hashable {
    /// The axes; nil where not even the rank is known.
    public var dimensions: [Dimension]?

    public init(_ dimensions: [Dimension]?) { self.dimensions = dimensions }
    public init(_ shape: Shape) { dimensions = shape.map(Dimension.fixed) }

    /// A shape of any rank.
    public static let any = PartialShape(nil)

    /// Number of axes, where it is known.
    public var rank: Int? { dimensions?.count }

    /// The shape, where every axis is known.
    public var fixed: Shape? {
        guard let dimensions else { return nil }
        let values = dimensions.compactMap(\.fixedValue)
        return values.count == dimensions.count ? Shape(values) : nil
    }
}

extension PartialShape: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: Dimension...) { self.init(elements) }
}

extension PartialShape: CustomStringConvertible {
    public var description: String {
        guard let dimensions else { return "[...]" }
        return "[" + dimensions.map(\.description).joined(separator: ", ") + "]"
    }
}
