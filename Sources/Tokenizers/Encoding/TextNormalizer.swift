/// CLIP's normalizer: canonical composition, each run of white space to one space, each scalar to lower case.
enum TextNormalizer {
    static func normalized(_ text: some Collection<Unicode.Scalar>) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(text.count)
        var followsSpace = false
        for scalar in CanonicalComposition.composed(Array(text)) {
            let isSpace = ScalarClass(scalar) == .space
            if isSpace {
                if !followsSpace { result.append(" ") }
            } else {
                appendLowercase(scalar, to: &result)
            }
            followsSpace = isSpace
        }
        return result
    }

    /// By scalar, without regard to its neighbours: "Σ" is "σ" at the end of a word too, and "İ" becomes two scalars that
    /// are not composed again.
    private static func appendLowercase(_ scalar: Unicode.Scalar, to result: inout [Unicode.Scalar]) {
        switch scalar {
        case "A"..."Z": result.append(Unicode.Scalar(UInt8(truncatingIfNeeded: scalar.value) | 0x20))
        case "\0"..."\u{7F}": result.append(scalar)
        default: result.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
        }
    }
}
