/// A value in a torch pickle. Containers are indices into the machine's arrays, so that no value nests and none is walked
/// through recursively, however deep or circular a file is.
enum PickleValue {
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(String)
    case tuple(Int)
    case list(Int)
    case dictionary(Int)
    case function(PickleFunction)
    case storageType(ElementType)
    case storage(PickleStorage)
    case tensor(PickleTensor)

    /// For errors.
    var kind: String {
        switch self {
        case .none: "None"
        case .bool: "a bool"
        case .int: "an int"
        case .float: "a float"
        case .string: "a string"
        case .tuple: "a tuple"
        case .list: "a list"
        case .dictionary: "a dictionary"
        case .function: "a function"
        case .storageType: "a storage's type"
        case .storage: "a storage"
        case .tensor: "a tensor"
        }
    }
}

/// The functions that a pickle may call: each only makes one of the values above.
enum PickleFunction: String {
    case orderedDictionary = "collections.OrderedDict"
    case rebuildTensor = "torch._utils._rebuild_tensor_v2"
    case rebuildParameter = "torch._utils._rebuild_parameter"
}

/// The numbers that tensors look at: an entry `data/<key>` of the zip.
struct PickleStorage {
    let key: String
    let elementType: ElementType
    let elementCount: Int
}

/// A view of a storage, in elements.
struct PickleTensor {
    let storage: PickleStorage
    let offset: Int
    let shape: [Int]
    let strides: [Int]
}

extension ElementType {
    /// The type of a storage that torch calls `name`.
    init?(torchStorage name: String) {
        switch name {
        case "DoubleStorage": self = .f64
        case "FloatStorage": self = .f32
        case "HalfStorage": self = .f16
        case "BFloat16Storage": self = .bf16
        case "LongStorage": self = .i64
        case "IntStorage": self = .i32
        case "ShortStorage": self = .i16
        case "CharStorage": self = .i8
        case "ByteStorage": self = .u8
        case "BoolStorage": self = .boolean
        default: return nil
        }
    }
}
