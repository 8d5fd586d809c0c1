extension [Unicode.Scalar] {
    /// Without white space around, as Python's `str.strip` leaves it: four separators of ASCII count too.
    var strippedAsInPython: ArraySlice<Unicode.Scalar> {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool {
            ScalarClass(scalar) == .space || ("\u{1C}"..."\u{1F}").contains(scalar)
        }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else { return [] }
        return self[first...last]
    }
}
