import Foundation
@testable import ModelGraph
import TensorStore

/// What an IR file says, without what two files that say the same may differ in: ids and the order of layers, ids of ports,
/// and where in the weights the bytes of constants lie (the bytes themselves stand in their place).
struct PlainModel {
    var version: String?
    let name: String?
    let runtimeInfo: XMLElement?
    var layers: [XMLElement] = []
    /// Names of inputs and outputs in their order.
    let inputs: [String]
    let outputs: [String]
    /// As "layer.output -> layer.input".
    let edges: Set<String>

    init(path: String) throws {
        let weights = try MappedFile(path: String(path.dropLast(4)) + ".bin")
        let net = try Data(contentsOf: URL(filePath: path)).withUnsafeBytes { try parseXML($0) }
        version = net["version"]
        name = net["name"]
        runtimeInfo = net.child("rt_info")
        let all = net.child("layers")?.children ?? []
        inputs = all.filter { $0["type"] == "Parameter" }.compactMap { $0["name"] }
        outputs = all.filter { $0["type"] == "Result" }.compactMap { $0["name"] }

        var byID: [String: XMLElement] = [:]
        for layer in all { byID[layer["id"] ?? ""] = layer }
        func place(_ layer: String?, _ direction: String, _ port: String?) -> String {
            let layer = byID[layer ?? ""]
            let index = layer?.child(direction)?.children("port").firstIndex { $0["id"] == port }
            return "\(layer?["name"] ?? "?").\(index ?? -1)"
        }
        edges = Set(
            (net.child("edges")?.children ?? []).map {
                place($0["from-layer"], "output", $0["from-port"]) + " -> " + place($0["to-layer"], "input", $0["to-port"])
            })
        for layer in all {
            var layer = layer
            layer.attributes.removeAll { $0.name == "id" }
            for direction in layer.children.indices where ["input", "output"].contains(layer.children[direction].name) {
                for port in layer.children[direction].children.indices {
                    layer.children[direction].children[port].attributes.removeAll { $0.name == "id" }
                }
            }
            layers.append(Self.plain(layer, weights))
        }
    }

    /// With bytes for offsets, names of tensors in one order, and parts of layers in one order.
    private static func plain(_ element: XMLElement, _ weights: MappedFile) -> XMLElement {
        var element = element
        if element.name == "data", let offset = element["offset"].flatMap({ Int($0) }),
            let size = element["size"].flatMap({ Int($0) })
        {
            for index in element.attributes.indices where element.attributes[index].name == "offset" {
                element.attributes[index].value = weights.withUnsafeBytes { "\(Array($0[offset..<offset + size]))" }
            }
        }
        if element.name == "layer" { element.children.sort { $0.name < $1.name } }
        element.children = element.children.map { plain($0, weights) }
        return element
    }

    var layerNames: [String] { layers.compactMap { $0["name"] }.sorted() }

    /// The name of the layer that the first output comes from.
    var sourceOfResult: String {
        edges.first { $0.hasSuffix("-> \(outputs[0]).0") }.map { String($0.prefix { $0 != "." }) } ?? ""
    }

    /// Gives the first outputs of layers names of tensors.
    /// - Returns: how many layers there were.
    mutating func addNames(_ names: [String: [String]]) -> Int {
        var count = 0
        for index in layers.indices {
            guard let added = names[layers[index]["name"] ?? ""],
                let output = layers[index].children.firstIndex(where: { $0.name == "output" })
            else { continue }
            layers[index].children[output].children[0].attributes.append(.init("names", added.joined(separator: ",")))
            count += 1
        }
        return count
    }
}
