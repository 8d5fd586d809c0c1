import ModelGraph
import TensorStore

extension SerializedModel {
    /// A number that differs whenever the compiled network would: by the graph, by the files that its weights lie in, and by
    /// `options`. It saves the runtime from reading all the weights to know the network again.
    func identity(with options: String) -> UInt64 {
        var hash = FNV1a()
        hash.combine(xml.utf8)
        for file in weights.files { hash.combine("\(file.path) \(file.identity)".utf8) }
        hash.combine(options.utf8)
        weights.bytes[weights.inlineOffset...].withContiguousStorageIfAvailable { hash.combine($0) }
        return hash.value
    }
}

/// FNV-1a, 64 bits: https://datatracker.ietf.org/doc/html/draft-eastlake-fnv.
private struct FNV1a {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func combine(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
}
