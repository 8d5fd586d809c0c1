/// Runs a pickle of protocol 2 as `torch.save` writes it for tensors, and refuses everything else.
struct PickleMachine {
    private(set) var tuples: [[PickleValue]] = []
    private(set) var lists: [[PickleValue]] = []
    private(set) var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []

    private let bytes: UnsafeRawBufferPointer
    private let file: String
    private var position = 0
    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]

    init(_ bytes: UnsafeRawBufferPointer, file: String) {
        self.bytes = bytes
        self.file = file
    }

    /// The value that the pickle makes.
    mutating func run() throws(TorchFileError) -> PickleValue {
        while true {
            switch try integer(1) {
            case 0x2e: return try pop() // STOP
            case 0x80: // PROTO
                let version = try integer(1)
                guard version == 2 else { throw failure("protocol \(version) is not 2") }
            case let code: try step(UInt8(code))
            }
        }
    }

    private mutating func step(_ code: UInt8) throws(TorchFileError) {
        switch code {
        case UInt8(ascii: "N"): stack.append(.none)
        case 0x88: stack.append(.bool(true))
        case 0x89: stack.append(.bool(false))
        case UInt8(ascii: "K"): stack.append(.int(try integer(1)))
        case UInt8(ascii: "M"): stack.append(.int(try integer(2)))
        case UInt8(ascii: "J"): stack.append(.int(Int(Int32(truncatingIfNeeded: try integer(4)))))
        case 0x8a: stack.append(.int(try longInteger()))
        case UInt8(ascii: "G"): stack.append(.float(try float()))
        case UInt8(ascii: "X"): stack.append(.string(try text(try integer(4))))
        case UInt8(ascii: "}"): pushDictionary()
        case UInt8(ascii: "]"):
            lists.append([])
            stack.append(.list(lists.count - 1))
        case UInt8(ascii: ")"): push(tuple: [])
        case 0x85, 0x86, 0x87: push(tuple: try pop(Int(code - 0x84)))
        case UInt8(ascii: "("): marks.append(stack.count)
        case UInt8(ascii: "t"): push(tuple: try popToMark())
        case UInt8(ascii: "a"): try append(pop(1))
        case UInt8(ascii: "e"): try append(popToMark())
        case UInt8(ascii: "s"): try setItems(pop(2))
        case UInt8(ascii: "u"): try setItems(popToMark())
        case UInt8(ascii: "q"): memo[try integer(1)] = try top()
        case UInt8(ascii: "r"): memo[try integer(4)] = try top()
        case UInt8(ascii: "h"): try recall(integer(1))
        case UInt8(ascii: "j"): try recall(integer(4))
        case UInt8(ascii: "c"): stack.append(try global())
        case UInt8(ascii: "Q"): stack.append(try storage(pop()))
        case UInt8(ascii: "R"): try reduce()
        case UInt8(ascii: "b"): try build()
        default: throw failure("the operation 0x\(String(code, radix: 16)) is none that torch.save writes for tensors")
        }
    }

    // MARK: Objects

    private mutating func global() throws(TorchFileError) -> PickleValue {
        let name = "\(try line()).\(try line())"
        if let function = PickleFunction(rawValue: name) { return .function(function) }
        if name.hasPrefix("torch."), let type = ElementType(torchStorage: String(name.dropFirst(6))) { return .storageType(type) }
        throw .forbidden(file: file, name: name)
    }

    /// `("storage", type, key, location, number of elements)`.
    private func storage(_ identity: PickleValue) throws(TorchFileError) -> PickleValue {
        guard case .tuple(let place) = identity, tuples[place].count == 5, case .string("storage") = tuples[place][0],
            case .storageType(let type) = tuples[place][1], case .string(let key) = tuples[place][2],
            case .string = tuples[place][3], case .int(let count) = tuples[place][4], count >= 0
        else { throw failure("a storage is not described as torch.save does") }
        return .storage(PickleStorage(key: key, elementType: type, elementCount: count))
    }

    private mutating func reduce() throws(TorchFileError) {
        guard case .tuple(let place) = try pop(), case .function(let function) = try pop() else {
            throw failure("something other than a function of torch is called")
        }
        let arguments = tuples[place]
        switch function {
        case .orderedDictionary:
            guard arguments.isEmpty else { throw failure("OrderedDict has arguments") }
            pushDictionary()
        case .rebuildParameter:
            guard case .tensor(let tensor)? = arguments.first else { throw failure("a parameter has no tensor") }
            stack.append(.tensor(tensor))
        case .rebuildTensor:
            guard arguments.count >= 4, case .storage(let storage) = arguments[0], case .int(let offset) = arguments[1],
                case .tuple(let sizes) = arguments[2], case .tuple(let steps) = arguments[3]
            else { throw failure("a tensor is not described as torch.save does") }
            let (shape, strides) = (try integers(tuples[sizes]), try integers(tuples[steps]))
            stack.append(.tensor(PickleTensor(storage: storage, offset: offset, shape: shape, strides: strides)))
        }
    }

    /// Attributes of an OrderedDict (a state dict's `_metadata`), which say nothing of tensors.
    private mutating func build() throws(TorchFileError) {
        guard case .dictionary = try pop(), case .dictionary = try top() else {
            throw failure("attributes are set on something other than a dictionary")
        }
    }

    private func integers(_ values: [PickleValue]) throws(TorchFileError) -> [Int] {
        var result: [Int] = []
        for value in values {
            guard case .int(let number) = value else { throw failure("a shape or a stride is \(value.kind)") }
            result.append(number)
        }
        return result
    }

    // MARK: Stack

    private mutating func push(tuple values: [PickleValue]) {
        tuples.append(values)
        stack.append(.tuple(tuples.count - 1))
    }

    private mutating func pushDictionary() {
        dictionaries.append([])
        stack.append(.dictionary(dictionaries.count - 1))
    }

    private mutating func append(_ values: [PickleValue]) throws(TorchFileError) {
        guard case .list(let place) = try top() else { throw failure("something other than a list is appended to") }
        lists[place] += values
    }

    private mutating func setItems(_ values: [PickleValue]) throws(TorchFileError) {
        guard case .dictionary(let place) = try top(), values.count % 2 == 0 else {
            throw failure("items are set in something other than a dictionary")
        }
        for index in stride(from: 0, to: values.count, by: 2) { dictionaries[place].append((values[index], values[index + 1])) }
    }

    private mutating func recall(_ index: Int) throws(TorchFileError) {
        guard let value = memo[index] else { throw failure("nothing was kept under \(index)") }
        stack.append(value)
    }

    /// The top value above the last mark; values below the mark belong to an outer operation.
    private func top() throws(TorchFileError) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.last else { throw failure("the stack is empty") }
        return value
    }

    private mutating func pop() throws(TorchFileError) -> PickleValue {
        let value = try top()
        stack.removeLast()
        return value
    }

    private mutating func pop(_ count: Int) throws(TorchFileError) -> [PickleValue] {
        guard stack.count - (marks.last ?? 0) >= count else { throw failure("the stack is empty") }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    private mutating func popToMark() throws(TorchFileError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw failure("there is no mark") }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    // MARK: Bytes

    /// An unsigned little-endian number.
    private mutating func integer(_ count: Int) throws(TorchFileError) -> Int {
        guard count <= bytes.count - position else { throw failure("it ends early") }
        defer { position += count }
        return (0..<count).reduce(0) { $0 | Int(bytes[position + $1]) << (8 * $1) }
    }

    /// LONG1: a signed number of 0 to 255 bytes, of which 8 are taken.
    private mutating func longInteger() throws(TorchFileError) -> Int {
        let count = try integer(1)
        guard count <= 8 else { throw failure("an int has \(count) bytes; 8 are the most") }
        guard count <= bytes.count - position else { throw failure("it ends early") }
        defer { position += count }
        let negative = count > 0 && bytes[position + count - 1] & 0x80 != 0
        var value: UInt64 = negative && count < 8 ? .max << UInt64(8 * count) : 0
        for index in 0..<count { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
        return Int(Int64(bitPattern: value))
    }

    /// BINFLOAT: big-endian.
    private mutating func float() throws(TorchFileError) -> Double {
        guard bytes.count - position >= 8 else { throw failure("it ends early") }
        defer { position += 8 }
        return Double(bitPattern: (0..<8).reduce(0) { $0 << 8 | UInt64(bytes[position + $1]) })
    }

    private mutating func text(_ count: Int) throws(TorchFileError) -> String {
        guard count <= bytes.count - position else { throw failure("it ends early") }
        let part = UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
        guard let text = String(validating: part, as: UTF8.self) else { throw failure("a string is not UTF-8") }
        position += count
        return text
    }

    private mutating func line() throws(TorchFileError) -> String {
        guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else { throw failure("it ends early") }
        let text = try text(end - position)
        position += 1
        return text
    }

    private func failure(_ reason: String) -> TorchFileError { .pickle(file: file, offset: position, reason: reason) }
}

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
