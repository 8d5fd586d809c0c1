import ModelGraph
public import TensorStore

/// transformers' names for the tensors of a Whisper model with CTranslate2's names: `encoder/layer_0/ffn/linear_0/weight` is
/// `model.encoder.layers.0.fc1.weight`.
///
/// CTranslate2 joins the projections that read the same states: `self_attention/linear_0` has queries, keys and values,
/// `attention/linear_1` (over the encoder's states) keys and values. Their rows are consecutive bytes and become tensors of
/// their own without a copy. The bias of the keys, which Whisper hasn't, is left out: it is zero, and any other would add the
/// same to all scores of a query.
struct CTranslate2WhisperNames {
    private static let fixed = [
        "encoder/position_encodings/encodings": "model.encoder.embed_positions.weight",
        "decoder/position_encodings/encodings": "model.decoder.embed_positions.weight",
        "decoder/embeddings/weight": "model.decoder.embed_tokens.weight",
        "decoder/projection/weight": "proj_out.weight",
    ]
    /// Modules of a half, with and without a layer before them.
    private static let modules = [
        "conv1": "conv1", "conv2": "conv2", "layer_norm": "layer_norm", "self_attention/layer_norm": "self_attn_layer_norm",
        "attention/layer_norm": "encoder_attn_layer_norm", "ffn/layer_norm": "final_layer_norm", "ffn/linear_0": "fc1",
        "ffn/linear_1": "fc2", "self_attention/linear_1": "self_attn.out_proj", "attention/linear_0": "encoder_attn.q_proj",
        "attention/linear_2": "encoder_attn.out_proj",
    ]
    private static let joined = [
        "self_attention/linear_0": ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
        "attention/linear_1": ["encoder_attn.k_proj", "encoder_attn.v_proj"],
    ]
    private static let parameters = ["weight": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"]

    /// The tensors that `entry` holds; none where it is no weight, such as a flag or a number of heads.
    static func tensors(_ name: String, _ entry: Weights.Entry) -> [(String, Weights.Entry)] {
        if let new = fixed[name] { return [(new, entry)] }
        var parts = name.split(separator: "/").map(String.init)
        guard parts.count >= 3, ["encoder", "decoder"].contains(parts[0]), let parameter = parameters[parts.removeLast()] else {
            return []
        }
        var path = "model.\(parts.removeFirst())"
        if parts[0].hasPrefix("layer_"), let layer = Int(parts[0].dropFirst("layer_".count)) {
            path += ".layers.\(layer)"
            parts.removeFirst()
        }
        let module = parts.joined(separator: "/")
        if let new = modules[module] { return [("\(path).\(new).\(parameter)", entry)] }
        guard let names = joined[module], let rows = entry.shape.first, rows % names.count == 0 else { return [] }
        let part = rows / names.count
        return names.enumerated().compactMap { place, new in
            guard parameter == "weight" || !new.hasSuffix("k_proj") else { return nil }
            return entry.rows(place * part..<(place + 1) * part).map { ("\(path).\(new).\(parameter)", $0) }
        }
    }
}

extension Weights {
    /// The tensors of a Whisper model of CTranslate2 under transformers' names (`model.encoder.conv1.weight` …), as they lie in
    /// the file; the scales of integers are inverted.
    /// - Throws: `CTranslate2Error.specification` for another kind of model; `.scale`.
    public init(whisper file: CTranslate2File) throws(CTranslate2Error) {
        guard file.specification == "WhisperSpec" else {
            throw .specification(file.specification, expected: "WhisperSpec", file: file.file.path)
        }
        var named: [String: Entry] = [:]
        func add(_ name: String, _ tensor: TensorEntry) throws(CTranslate2Error) {
            guard tensor.shape.rank > 0 else { return }
            let entry = Entry(
                elementType: tensor.elementType, shape: tensor.shape,
                data: .file(tensor.file, offset: tensor.offset, byteCount: tensor.byteCount), scales: try file.scales(of: tensor))
            for (new, part) in CTranslate2WhisperNames.tensors(name, entry) { named[new] = part }
        }
        for tensor in file.entries { try add(tensor.name, tensor) }
        for alias in file.aliases.keys { if let tensor = file.entry(named: alias) { try add(alias, tensor) } }
        self.init(named, source: file.file.path)
    }
}

extension CTranslate2File {
    /// The factors that make integer weights to floating-point ones, one a row or one for all; nil for floating point.
    ///
    /// CTranslate2 stores the inverse: 127 / max|row| for 8 bits, 1024 / max|tensor| for 16, the latter left out by old versions.
    fileprivate func scales(of tensor: TensorEntry) throws(CTranslate2Error) -> [Float]? {
        guard [.i8, .i16].contains(tensor.elementType), tensor.name.hasSuffix("weight") else { return nil }
        let scaleName = "\(tensor.name)_scale"
        func refusal(_ reason: String) -> CTranslate2Error { .scale(tensor: tensor.name, reason: reason, file: file.path) }
        guard let entry = entry(named: scaleName) else {
            guard tensor.elementType == .i16 else { throw refusal("the file has no '\(scaleName)'") }
            return [1 / Self.oldInt16Scale]
        }
        let rows = tensor.shape.first ?? 1
        guard entry.elementType == .f32, let count = entry.shape.checkedElementCount, count == 1 || count == rows else {
            throw refusal("'\(scaleName)' must be f32 with 1 or \(rows) elements; it is \(entry.elementType) \(entry.shape)")
        }
        let stored = entry.file.withUnsafeBytes { bytes in
            (0..<count).map { place in
                Float(
                    bitPattern: UInt32(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: entry.offset + 4 * place, as: UInt32.self)))
            }
        }
        if let place = stored.firstIndex(where: { !($0.isFinite && $0 > 0 && (1 / $0).isFinite) }) {
            throw refusal("'\(scaleName)' has \(stored[place]) at \(place); scales are normal numbers greater than 0")
        }
        return stored.map { 1 / $0 }
    }

    /// CTranslate2's `global_int16_scale`.
    private static let oldInt16Scale: Float = 1000
}
