public import Foundation
import ModelGraph

/// The XML file that binds custom operations to OpenCL kernels for the GPU plugin, checked before the plugin reads it, which only says
/// that something is wrong.
public struct GPUKernels: Sendable {
    /// The kernel of one operation.
    public struct Layer: Sendable, Equatable {
        /// The operation's type.
        public let operation: String
        /// The name of the kernel's function.
        public let entry: String
        /// The files that are compiled together.
        public let sources: [URL]
        /// The kinds of the kernel's arguments, by index: `input`, `output` or `data`.
        public let arguments: [String]
    }

    public let url: URL
    public let layers: [Layer]

    /// - Throws: `GPUKernelsError`.
    public init(_ url: URL) throws(GPUKernelsError) {
        self.url = url
        let path = url.path
        let text: String
        do { text = try String(contentsOf: url, encoding: .utf8) } catch { throw .unreadable(path: path) }
        // The plugin takes several layers side by side, which XML does not.
        let declaration = text.firstRange(of: /^\s*<\?xml[^>]*\?>/)
        let wrapped = "<layers>\(text[(declaration?.upperBound ?? text.startIndex)...])</layers>"
        let root: XMLElement
        do throws(XMLFault) { root = try XMLElement(parsing: wrapped) } catch {
            throw .malformed(path: path, reason: "\(error)")
        }
        let elements = root.children.first?.name == "CustomLayers" ? root.children[0].children : root.children
        var layers: [Layer] = []
        for element in elements { layers.append(try Self.layer(element, url)) }
        guard !layers.isEmpty else { throw .malformed(path: path, reason: "it has no <CustomLayer>") }
        self.layers = layers
    }

    private static func layer(_ element: XMLElement, _ url: URL) throws(GPUKernelsError) -> Layer {
        func fault(_ reason: String) -> GPUKernelsError { .malformed(path: url.path, reason: reason) }
        guard element.name == "CustomLayer" else { throw fault("<\(element.name)> stands where <CustomLayer> should") }
        guard let operation = element["name"], !operation.isEmpty else { throw fault("a <CustomLayer> has no name") }
        guard element["type"] == "SimpleGPU", element["version"] == "1" else {
            throw fault("'\(operation)' must have type=\"SimpleGPU\" and version=\"1\"")
        }
        let kernels = element.children.filter { $0.name == "Kernel" }
        guard kernels.count == 1, let entry = kernels[0]["entry"], !entry.isEmpty else {
            throw fault("'\(operation)' must have one <Kernel> with an entry")
        }
        var sources: [URL] = []
        for source in kernels[0].children where source.name == "Source" {
            guard let name = source["filename"], !name.isEmpty else {
                throw fault("a <Source> of '\(operation)' has no filename")
            }
            let file = url.deletingLastPathComponent().appending(path: name)
            guard FileManager.default.fileExists(atPath: file.path) else { throw .source(path: file.path, operation: operation) }
            sources.append(file)
        }
        guard !sources.isEmpty else { throw fault("the <Kernel> of '\(operation)' has no <Source>") }
        guard element.children.contains(where: { $0.name == "WorkSizes" && $0["global"] != nil }) else {
            throw fault("'\(operation)' has no <WorkSizes global=…>")
        }
        var arguments: [Int: String] = [:]
        for buffer in element.children.first(where: { $0.name == "Buffers" })?.children ?? [] {
            guard let index = buffer["arg-index"].flatMap({ Int($0) }), index >= 0 else {
                throw fault("a <\(buffer.name)> of '\(operation)' has no arg-index of 0 or more")
            }
            let kind = buffer.name == "Tensor" ? buffer["type"] ?? "" : "data"
            guard ["input", "output", "data"].contains(kind) else {
                throw fault("argument \(index) of '\(operation)' has the type '\(kind)', not input or output")
            }
            guard arguments.updateValue(kind, forKey: index) == nil else {
                throw fault("argument \(index) of '\(operation)' is there twice")
            }
        }
        guard let parameters = try parameters(of: entry, sources) else {
            throw .noKernel(entry, path: sources[0].path, operation: operation)
        }
        guard Set(arguments.keys) == Set(0..<parameters) else {
            throw .arguments(
                kernel: entry, parameters: parameters, bound: arguments.keys.sorted(), path: url.path)
        }
        return Layer(
            operation: operation, entry: entry, sources: sources, arguments: arguments.sorted { $0.key < $1.key }.map(\.value))
    }

    /// The number of parameters of a kernel; nil where no source defines it.
    private static func parameters(of entry: String, _ sources: [URL]) throws(GPUKernelsError) -> Int? {
        for source in sources {
            guard let text = try? String(contentsOf: source, encoding: .utf8) else { throw .unreadable(path: source.path) }
            let code = text.replacing(/\/\/[^\n]*/, with: "").replacing(/\/\*(?s:.*?)\*\//, with: "")
            for match in code.matches(of: /\b(?:__)?kernel\s+void\s+(\w+)\s*\(([^)]*)\)/) where match.output.1 == entry {
                let list = match.output.2.trimmingCharacters(in: .whitespacesAndNewlines)
                return list.isEmpty || list == "void" ? 0 : list.split(separator: ",").count
            }
        }
        return nil
    }
}

/// A file of GPU kernels that can't be used.
public enum GPUKernelsError: Error, Equatable, CustomStringConvertible {
    case unreadable(path: String)
    case malformed(path: String, reason: String)
    case source(path: String, operation: String)
    case noKernel(String, path: String, operation: String)
    case arguments(kernel: String, parameters: Int, bound: [Int], path: String)

    public var description: String {
        switch self {
        case .unreadable(let path): "The file \(path) of GPU kernels can't be read as text."
        case .malformed(let path, let reason):
            "\(path) does not bind GPU kernels: \(reason). docs/custom-operations.md has an example."
        case .source(let path, let operation): "There is no file \(path), the kernel of '\(operation)'."
        case .noKernel(let entry, let path, let operation):
            "\(path) has no kernel '\(entry)' for '\(operation)': expected __kernel void \(entry)(…)."
        case .arguments(let kernel, let parameters, let bound, let path):
            "The kernel '\(kernel)' has \(parameters) parameters, and \(path) binds the arguments \(bound): each from 0 on must be there "
                + "once, and no other."
        }
    }
}
