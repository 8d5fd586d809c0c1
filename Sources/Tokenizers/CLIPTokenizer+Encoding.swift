extension CLIPTokenizer {
    /// The ids of a text.
    public struct Encoding: Sendable, Equatable {
        /// Begin marker, tokens, end marker, padding.
        public let ids: [Int32]
        /// Tokens of the whole text, markers included, whether they fit or not.
        public let tokenCount: Int
        /// Tokens for which there was no room.
        public let droppedIDs: [Int32]
        /// The text of the dropped tokens, as diffusers' warning shows it; empty where all fit.
        public let droppedText: String
    }

    /// Encodes the whole text, however long it is, without padding.
    public func encode(_ text: String) -> Encoding {
        let ids = [bosTokenID] + tokens(text) + [eosTokenID]
        return Encoding(ids: ids, tokenCount: ids.count, droppedIDs: [], droppedText: "")
    }

    /// Encodes as much of the text as `maxLength` tokens can hold.
    ///
    /// - Parameters:
    ///   - maxLength: markers included; `modelMaxLength` is what the model's folder asks for. The markers stay in any case:
    ///     less than 2 counts as 2.
    ///   - padded: whether to fill up to `maxLength` with `padTokenID`.
    public func encode(_ text: String, maxLength: Int, padded: Bool = true) -> Encoding {
        let length = max(2, maxLength)
        let tokens = tokens(text)
        let dropped = Array(tokens.dropFirst(length - 2))
        var ids = [bosTokenID] + tokens.prefix(length - 2) + [eosTokenID]
        if padded { ids += Array(repeating: padTokenID, count: length - ids.count) }
        return Encoding(
            ids: ids, tokenCount: tokens.count + 2, droppedIDs: dropped, droppedText: dropped.isEmpty ? "" : decode(dropped))
    }

    /// The ids of a text, without markers.
    func tokens(_ text: String) -> [Int32] {
        var ids: [Int32] = []
        let scalars = Array(text.unicodeScalars)
        for piece in rawTokens.split(scalars) {
            switch piece {
            case .token(let id): ids.append(id)
            case .text(let range): encode(TextNormalizer.normalized(scalars[range]), into: &ids)
            }
        }
        return ids
    }

    private func encode(_ normalized: [Unicode.Scalar], into ids: inout [Int32]) {
        for piece in normalizedTokens.split(normalized) {
            switch piece {
            case .token(let id): ids.append(contentsOf: id..<id + Int32(vectorCounts[id] ?? 1))
            case .text(let range): bytePairs.encode(normalized, range, into: &ids)
            }
        }
    }
}

extension CLIPTokenizer {
    /// The text of tokens, as transformers' `decode` has it: lowercased, a space after each word, trimmed; bytes that make no
    /// UTF-8 become U+FFFD. Ids outside the vocabulary are left out.
    public func decode(_ ids: some Sequence<Int32>) -> String {
        let text = bytePairs.decode(ids).unicodeScalars
        return String(String.UnicodeScalarView(Self.trimmed(Self.withSpaces(Array(text)))))
    }

    /// "</w>" to " ".
    private static func withSpaces(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        let suffix = Array(endOfWord.unicodeScalars)
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(text.count)
        var position = 0
        while position < text.count {
            if text[position...].starts(with: suffix) {
                result.append(" ")
                position += suffix.count
            } else {
                result.append(text[position])
                position += 1
            }
        }
        return result
    }

    /// Without white space around, as Python's `str.strip` leaves it: four separators of ASCII count too.
    private static func trimmed(_ text: [Unicode.Scalar]) -> ArraySlice<Unicode.Scalar> {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool {
            ScalarClass(scalar) == .space || ("\u{1C}"..."\u{1F}").contains(scalar)
        }
        guard let first = text.firstIndex(where: { !isSpace($0) }), let last = text.lastIndex(where: { !isSpace($0) }) else {
            return []
        }
        return text[first...last]
    }
}
