import COpenVINO
import TensorStore

/// The C API's codes, in the order of `ov_element_type_e`. It calls f8e5m2 `F8E5M3`, and `BOOLEAN` is renamed by its header.
private let codes: [(ElementType, ov_element_type_e)] = [
    (.dynamic, DYNAMIC), (.boolean, OV_BOOLEAN), (.bf16, BF16), (.f16, F16), (.f32, F32), (.f64, F64),
    (.i4, I4), (.i8, I8), (.i16, I16), (.i32, I32), (.i64, I64),
    (.u1, U1), (.u2, U2), (.u3, U3), (.u4, U4), (.u6, U6), (.u8, U8), (.u16, U16), (.u32, U32), (.u64, U64),
    (.nf4, NF4), (.f8e4m3, F8E4M3), (.f8e5m2, F8E5M3), (.string, STRING), (.f4e2m1, F4E2M1), (.f8e8m0, F8E8M0),
]

private let codesByType = Dictionary(uniqueKeysWithValues: codes)
private let typesByCode = Dictionary(uniqueKeysWithValues: codes.map { ($1.rawValue, $0) })

extension ElementType {
    /// `DYNAMIC` should a type have no code; the runtime refuses tensors of that type.
    var code: ov_element_type_e { codesByType[self] ?? DYNAMIC }

    init(code: ov_element_type_e) throws(OpenVINOError) {
        guard let type = typesByCode[code.rawValue] else { throw .unknownElementType(UInt32(code.rawValue)) }
        self = type
    }
}
