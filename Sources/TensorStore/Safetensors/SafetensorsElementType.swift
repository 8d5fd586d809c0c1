extension ElementType {
    /// Safetensors' names of element types, in the order of the reference library, which is that of alignment: files are
    /// written with the last of them first. nil: a type that OpenVINO does not have.
    private static let safetensorsTypes: [(name: String, type: ElementType?)] = [
        ("BOOL", .boolean), ("F4", .f4e2m1), ("F6_E2M3", nil), ("F6_E3M2", nil), ("U8", .u8), ("I8", .i8),
        ("F8_E5M2", .f8e5m2), ("F8_E4M3", .f8e4m3), ("F8_E8M0", .f8e8m0), ("F8_E4M3FNUZ", nil), ("F8_E5M2FNUZ", nil),
        ("I16", .i16), ("U16", .u16), ("F16", .f16), ("BF16", .bf16), ("I32", .i32), ("U32", .u32), ("F32", .f32),
        ("C64", nil), ("F64", .f64), ("I64", .i64), ("U64", .u64),
    ]

    private static let safetensorsTypesByName = Dictionary(uniqueKeysWithValues: safetensorsTypes.map { ($0.name, $0.type) })

    /// The type that safetensors calls `name`; nil where it has no such type or OpenVINO hasn't.
    init?(safetensorsName name: String) {
        guard let type = Self.safetensorsTypesByName[name] ?? nil else { return nil }
        self = type
    }

    /// The name in safetensors files, and the rank among them; nil where they can't hold the type.
    var safetensorsName: (name: String, rank: Int)? {
        Self.safetensorsTypes.firstIndex { $0.type == self }.map { (Self.safetensorsTypes[$0].name, $0) }
    }
}
