public import TensorStore

extension ElementType {
    /// A type of inputs and outputs as `benchmark_app` names it; nil for another word.
    public init?(benchmarkName text: String) {
        let known: Set<ElementType> = [.boolean, .f16, .f32, .f64, .bf16, .i8, .i16, .i32, .i64, .u8, .u16, .u32, .u64]
        let name = text.lowercased()
        guard let type = ElementType(rawValue: name == "bool" ? "boolean" : name), known.contains(type) else { return nil }
        self = type
    }
}
