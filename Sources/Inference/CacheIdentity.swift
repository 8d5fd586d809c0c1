import ModelGraph
import OpenVINO
import TensorStore

extension SerializedModel {
    /// A hash of everything that the compiled network depends on: the graph, the states of the files with its weights, the
    /// compile options with the extension libraries, and the inputs' shapes.
    ///
    /// With it the runtime finds a network in its cache without reading the weights.
    /// - Throws: `FileError` where an extension library can't be opened.
    func identity(_ options: CompileOptions, shapes: [String: PartialShape] = [:]) throws(FileError) -> UInt64 {
        var hash = FNV1a()
        hash.combine(xml.utf8)
        for file in weights.files { hash.combine("\(file.path) \(file.identity)".utf8) }
        let shapes = shapes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        hash.combine("\(options.device.name) \(options.runtimeProperties) \(shapes)".utf8)
        for library in try ExtensionLibraries.identities(options.extensions) { hash.combine(library.utf8) }
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
