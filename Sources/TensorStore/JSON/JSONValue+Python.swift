extension JSONValue {
    /// Reads JSON as Python's `json` writes it, in UTF-8.
    ///
    /// It writes `-Infinity`, `Infinity` and `NaN`, which JSON does not have, and so do published configs (for
    /// `lambda_min_clipped`, where it means no bound): outside of strings, these are read as null, an option left out.
    /// - Throws: `JSONError` where the text is no JSON otherwise.
    public init(parsingPython text: some Sequence<UInt8>) throws(JSONError) {
        let bytes = Array(text)
        var clean: [UInt8] = []
        clean.reserveCapacity(bytes.count)
        var (index, isString) = (0, false)
        while index < bytes.count {
            let rest = bytes[index...]
            if !isString, let word = Self.nonFiniteWords.first(where: { rest.starts(with: $0) }) {
                clean += "null".utf8
                index += word.count
                continue
            }
            let byte = bytes[index]
            // An escaped character, such as a quotation mark, ends no string.
            let length = isString && byte == UInt8(ascii: "\\") ? min(2, bytes.count - index) : 1
            if byte == UInt8(ascii: "\"") { isString.toggle() }
            clean += bytes[index..<index + length]
            index += length
        }
        try self.init(parsing: clean)
    }

    private static let nonFiniteWords = ["-Infinity", "Infinity", "NaN"].map { Array($0.utf8) }
}
