public import TensorStore

extension CLIPTokenizer {
    /// A tokenizer that finds the words of `inversions` too, and the table rows for their ids.
    ///
    /// The ids follow those that are there: the first row belongs to the id `vocabularyCount` (of this tokenizer), as
    /// `Graph.addingTokens(_:firstID:)` takes them. A word is found as diffusers' `load_textual_inversion` has it found: in
    /// any case of letters, and within words. Where it has several vectors the ids of all of them stand in its place.
    ///
    /// - Parameters:
    ///   - encoder: which of the model's text encoders this tokenizer belongs to, from 0.
    ///   - width: of that encoder's states.
    /// - Returns: rows `[k, width]` f32, in the order of the ids.
    /// - Throws: `.tokenTaken`, `.width`.
    public func adding(
        _ inversions: [TextualInversion], encoder: Int = 0, width: Int
    ) throws(TextualInversionError) -> (tokenizer: CLIPTokenizer, rows: Tensor) {
        var tokenizer = self
        var rows: [UInt8] = []
        for inversion in inversions {
            // One tensor alone is for one encoder, and its width tells whether for this one.
            let vectors = inversion.vectors.count == 1 ? inversion.vectors[0] : inversion.vectors.dropFirst(encoder).first
            guard let vectors, vectors.shape[1] == width else {
                throw .width(
                    file: inversion.file, encoder: encoder == 0 ? "text encoder" : "text encoder \(encoder + 1)",
                    expected: width, found: inversion.vectors.map { $0.shape[1] })
            }
            try tokenizer.add(inversion.token, vectorCount: inversion.count, file: inversion.file)
            vectors.withUnsafeBytes { rows.append(contentsOf: $0) }
        }
        let shape: Shape = [tokenizer.vocabularyCount - vocabularyCount, width]
        let tensor = rows.withUnsafeBytes { bytes in
            Result { () throws(TensorError) in try Tensor(copying: bytes, shape: shape, of: .f32) }
        }
        do { return (tokenizer, try tensor.get()) } catch { preconditionFailure("\(rows.count) bytes are no rows \(shape)") }
    }

    private mutating func add(_ token: String, vectorCount: Int, file: String) throws(TextualInversionError) {
        var first: Int32?
        for index in 0..<vectorCount {
            let name = index == 0 ? token : "\(token)_\(index)"
            guard let id = bytePairs.table.append(name) else { throw .tokenTaken(name, file: file) }
            normalizedTokens.add(AddedToken(name, isSpecial: false), id: id, normalize: TextNormalizer.normalized)
            first = first ?? id
        }
        if let first, vectorCount > 1 { vectorCounts[first] = vectorCount }
    }
}
