extension BytePairVocabulary {
    /// The vocabulary with a merge for every token of several bytes that has none, told from the tokens themselves.
    ///
    /// The tokenizer.json and merges.txt of published multilingual models lack the first merge of all, "Ġ t", which makes two or
    /// more tokens of each word with "t" at its start. OpenAI's own tokenizer has no list of merges: it joins the two tokens that make the
    /// one with the lowest id, and so does the merge that is added here, in the order of the ids.
    func addingMissingMerges() throws(TokenizerError) -> BytePairVocabulary {
        let table = try TokenTable(tokens, file: tokensFile)
        var results = merges.map { merge in table.id(merge.utf8.filter { $0 != UInt8(ascii: " ") }).map(Int.init) ?? -1 }
        let made = Set(results)
        var complete = merges
        for (id, token) in tokens.enumerated() where !made.contains(id) {
            guard let (left, right) = Self.parts(of: token, id, table) else { continue }
            let place = results.firstIndex { $0 > id } ?? results.count
            results.insert(id, at: place)
            complete.insert("\(left) \(right)", at: place)
        }
        return BytePairVocabulary(
            tokens: tokens, merges: complete, tokensFile: tokensFile, mergesFile: mergesFile, firstMergeLine: firstMergeLine)
    }

    /// The two tokens that are left of a token's bytes when all tokens before it are made; nil where there are not two.
    private static func parts(of token: String, _ id: Int, _ table: TokenTable) -> (String, String)? {
        var parts = token.unicodeScalars.map { String($0) }
        guard parts.count > 1, token.unicodeScalars.allSatisfy({ ByteAlphabet.byte($0) != nil }) else { return nil }
        while true {
            let pairs = parts.indices.dropLast().compactMap { place in
                table.id(parts[place] + parts[place + 1]).flatMap { $0 < id ? (id: $0, place: place) : nil }
            }
            guard let first = pairs.min(by: { ($0.id, $0.place) < ($1.id, $1.place) }) else { break }
            let right = parts.remove(at: first.place + 1)
            parts[first.place] += right
        }
        return parts.count == 2 ? (parts[0], parts[1]) : nil
    }
}
