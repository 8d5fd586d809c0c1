public import TensorStore

/// The meaning of the axes of an input, a letter each: `NCHW`. N is the batch, C are channels.
public struct InputLayout: Sendable, Equatable {
    /// Such as `NCHW`; `?` for an axis without a meaning.
    public let axes: [Character]

    /// - Parameter text: `NCHW`, `[NCHW]`, `N,C,H,W`.
    /// - Returns: nil for other than letters and `?`, or a letter that is there twice.
    public init?(_ text: String) {
        axes = text.uppercased().filter { !"[], ".contains($0) }
        let letters = axes.filter { $0 != "?" }
        guard !axes.isEmpty, letters.allSatisfy({ $0.isLetter && $0.isASCII }), Set(letters).count == letters.count else {
            return nil
        }
    }

    private static let mostChannels = 4

    /// The layout of what looks like pictures by its shape, by `benchmark_app`'s rule: a first or last axis of at most four
    /// channels, and other axes that are larger.
    public init?(guessedFrom shape: PartialShape) {
        guard let dimensions = shape.dimensions, dimensions.count == 3 || dimensions.count == 4 else { return nil }
        func largest(_ axis: Int) -> Int {
            switch dimensions[axis] {
            case .fixed(let value): value
            case .dynamic(_, let maximum): maximum ?? .max
            }
        }
        let first = dimensions.count - 3
        let last = dimensions.count - 1
        let batch = dimensions.count == 4 ? "N" : ""
        if largest(first) <= Self.mostChannels, largest(last) > Self.mostChannels {
            self.init("\(batch)CHW")
        } else if largest(last) <= Self.mostChannels, largest(first) > Self.mostChannels {
            self.init("\(batch)HWC")
        } else {
            return nil
        }
    }

    public func axis(_ letter: Character) -> Int? { axes.firstIndex(of: letter) }

    public var text: String { String(axes) }

    /// Whether an input of this layout and shape takes pictures of three channels.
    func isPicture(_ shape: PartialShape) -> Bool {
        guard ["NCHW", "NHWC", "CHW", "HWC"].contains(text), let axis = axis("C"), let dimensions = shape.dimensions,
            dimensions.count == axes.count
        else { return false }
        return dimensions[axis] == .fixed(3)
    }
}
