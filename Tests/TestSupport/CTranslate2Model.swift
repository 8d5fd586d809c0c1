public import TensorStore

/// Writes models as CTranslate2 does, and wrong ones.
public struct CTranslate2Model: Sendable {
    public struct Variable: Sendable {
        public var name: String
        public var shape: [UInt32]
        /// 0 f32, 1 i8, 2 i16, 3 i32, 4 f16, 5 bf16.
        public var type: UInt8
        public var bytes: [UInt8]
        /// The size that is written; nil for the right one.
        public var byteCount: UInt32?

        public init(_ name: String, _ shape: [UInt32], type: UInt8, _ bytes: [UInt8], byteCount: UInt32? = nil) {
            self.name = name
            self.shape = shape
            self.type = type
            self.bytes = bytes
            self.byteCount = byteCount
        }

        public init(_ name: String, _ shape: [UInt32], _ elements: [Float]) {
            self.init(name, shape, type: 0, elements.withUnsafeBytes(Array.init))
        }

        public init(_ name: String, _ shape: [UInt32], _ elements: [Int8]) {
            self.init(name, shape, type: 1, elements.withUnsafeBytes(Array.init))
        }

        public init(_ name: String, _ shape: [UInt32], _ elements: [Int16]) {
            self.init(name, shape, type: 2, elements.withUnsafeBytes(Array.init))
        }
    }

    public var version: UInt32 = 6
    public var specification = "WhisperSpec"
    public var revision: UInt32 = 3
    public var variables: [Variable] = []
    public var aliases: [(alias: String, name: String)] = []
    /// The numbers of variables and aliases that are written; nil for the right ones.
    public var counts: (variables: UInt32?, aliases: UInt32?) = (nil, nil)

    public init(_ variables: [Variable] = []) { self.variables = variables }

    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        func number(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) } }
        func string(_ text: String) {
            number(UInt16(truncatingIfNeeded: text.utf8.count + 1))
            bytes.append(contentsOf: text.utf8)
            bytes.append(0)
        }
        number(version)
        string(specification)
        number(revision)
        number(counts.variables ?? UInt32(variables.count))
        for variable in variables {
            string(variable.name)
            number(UInt8(truncatingIfNeeded: variable.shape.count))
            variable.shape.forEach { number($0) }
            number(variable.type)
            number(variable.byteCount ?? UInt32(variable.bytes.count))
            bytes.append(contentsOf: variable.bytes)
        }
        number(counts.aliases ?? UInt32(aliases.count))
        for (alias, name) in aliases {
            string(alias)
            string(name)
        }
        return bytes
    }

    /// The model as a file in memory, called `model.bin`.
    public func file() throws -> MappedFile {
        let bytes = bytes
        return try MappedFile(inMemory: "model.bin", byteCount: bytes.count) { $0.copyBytes(from: bytes) }
    }
}
