public import TensorStore

/// Learned vectors that a word of the prompt stands for (textual inversion, https://arxiv.org/abs/2208.01618), read from a
/// safetensors file.
///
/// Layouts: diffusers' (one tensor, called as the word is), AUTOMATIC1111's (`emb_params`), and for the two encoders of SDXL
/// `clip_l` with `clip_g`, or `text_encoders_0` with `text_encoders_1`.
public struct TextualInversion: Sendable {
    /// The word of the prompt that stands for the vectors. Further vectors are `token_1`, `token_2` … as in diffusers.
    public let token: String
    public let file: String
    /// `[n, width]` f32 for each text encoder, in the model's order.
    public let vectors: [Tensor]

    /// - Parameter token: the word to use; nil for the file's own, which is the tensor's name in diffusers' layout and the
    ///   file's name without its ending in others.
    /// - Throws: `TextualInversionError`.
    public init(path: String, token: String? = nil) throws(TextualInversionError) {
        let checkpoint: SafetensorsCheckpoint
        do { checkpoint = try SafetensorsCheckpoint(path: path) } catch { throw .checkpoint(error) }

        let found = Set(checkpoint.entries.keys)
        let names: [String]
        if let pair = Self.pairs.first(where: { found == Set($0) }) {
            names = pair
        } else if found.count == 1 {
            names = Array(found)
        } else {
            throw .layout(file: path, tensors: found.sorted())
        }
        var vectors: [Tensor] = []
        for name in names { vectors.append(try Self.vectors(name, in: checkpoint)) }
        guard Set(vectors.map { $0.shape[0] }).count == 1 else {
            throw .tensor(
                file: path, name: names[0], expected: "as many vectors as \(names[1])",
                found: vectors.map { "\($0.shape[0])" }.joined(separator: " and "))
        }
        let isNamed = names.count == 1 && names[0] != "emb_params" && !Self.pairs.joined().contains(names[0])
        self.token = token ?? (isNamed ? names[0] : Self.stem(of: path))
        self.file = path
        self.vectors = vectors
        guard self.token.contains(where: { !$0.isWhitespace }) else { throw .emptyToken(file: path) }
    }

    /// How many vectors the word stands for.
    public var count: Int { vectors[0].shape[0] }

    private static let pairs = [["clip_l", "clip_g"], ["text_encoders_0", "text_encoders_1"]]

    /// The file's name without folders and ending.
    private static func stem(of path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        return String(name.lastIndex(of: ".").map { name[..<$0] } ?? name)
    }

    private static func vectors(_ name: String, in checkpoint: SafetensorsCheckpoint) throws(TextualInversionError) -> Tensor {
        func refusal(_ expected: String, _ found: String) -> TextualInversionError {
            .tensor(file: checkpoint.path, name: name, expected: expected, found: found)
        }
        guard let entry = checkpoint.entries[name] else { throw .layout(file: checkpoint.path, tensors: []) }
        let shape: Shape = entry.shape.rank == 1 ? [1, entry.shape[0]] : entry.shape
        guard shape.rank == 2, shape.allSatisfy({ $0 > 0 }) else { throw refusal("[vectors, width]", "\(entry.shape)") }
        guard [.f16, .bf16, .f32, .f64].contains(entry.elementType) else {
            throw refusal("floating point", "\(entry.elementType)")
        }
        let vectors: Tensor
        let values: [Float]
        do {
            vectors = try entry.tensor().reshaped(to: shape).converted(to: .f32)
            values = try vectors.elements()
        } catch {
            throw refusal("numbers", "\(error)")
        }
        guard values.allSatisfy(\.isFinite) else { throw refusal("finite numbers", "others too") }
        return vectors
    }
}

/// Why a file's vectors can't be used.
public enum TextualInversionError: Error, Equatable, Sendable {
    case checkpoint(SafetensorsError)
    /// The tensors are those of no known layout.
    case layout(file: String, tensors: [String])
    case tensor(file: String, name: String, expected: String, found: String)
    case emptyToken(file: String)
    /// The tokenizer has the word, or one of those for its further vectors, already.
    case tokenTaken(String, file: String)
    /// The vectors belong to another model's text encoder. `expected` is the width of `encoder`'s states.
    case width(file: String, encoder: String, expected: Int, found: [Int])
    /// The file has vectors for more text encoders than the model has, whose states are `expected` wide.
    case encoders(file: String, expected: [Int], found: [Int])
}

extension TextualInversionError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .checkpoint(let error): "\(error)"
        case .layout(let file, let tensors):
            "\(file) is not a textual inversion: it must have one tensor, or clip_l and clip_g; it has "
                + (tensors.isEmpty ? "none." : Self.list(tensors) + ".")
        case .tensor(let file, let name, let expected, let found): "\(file): '\(name)' must be \(expected); it is \(found)."
        case .emptyToken(let file): "\(file): the word for its vectors is empty; give it one."
        case .tokenTaken(let token, let file):
            "\(file): the tokenizer has the token '\(token)' already; give the vectors another word."
        case .width(let file, let encoder, let expected, let found):
            "\(file) was made for another model: the \(encoder) takes vectors of \(expected) numbers; the file's have "
                + found.map(String.init).joined(separator: " and ") + "."
        case .encoders(let file, let expected, let found):
            "\(file) was made for a model with \(found.count) text encoders, of \(found.map(String.init).joined(separator: " and ")) "
                + "numbers a vector (as Stable Diffusion XL); this model has \(expected.count), of "
                + "\(expected.map(String.init).joined(separator: " and "))."
        }
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(4).map { "'\($0)'" }.joined(separator: ", ") + (names.count > 4 ? " and \(names.count - 4) more" : "")
    }
}

extension CLIPTokenizer {
    /// A tokenizer that finds the words of `inversions` too, and the table rows for their ids.
    ///
    /// The ids follow those that are there: the first row belongs to the id `vocabularyCount` (of this tokenizer), as
    /// `Graph.addingTokens(_:firstID:)` takes them. A word is found as diffusers' `load_textual_inversion` has it found: in
    /// any case of letters, and within words. Where it has several vectors the ids of all of them stand in its place.
    ///
    /// - Parameters:
    ///   - encoder: which of the model's text encoders this tokenizer belongs to, from 0.
    ///   - widths: of the states of all the model's text encoders.
    /// - Returns: rows `[k, width]` f32, in the order of the ids.
    /// - Throws: `.tokenTaken`, `.width`, `.encoders`.
    public func adding(
        _ inversions: [TextualInversion], encoder: Int = 0, widths: [Int]
    ) throws(TextualInversionError) -> (tokenizer: CLIPTokenizer, rows: Tensor) {
        var tokenizer = self
        var rows: [UInt8] = []
        let width = widths[encoder]
        for inversion in inversions {
            guard inversion.vectors.count <= widths.count else {
                throw .encoders(file: inversion.file, expected: widths, found: inversion.vectors.map { $0.shape[1] })
            }
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
