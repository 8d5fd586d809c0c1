import ModelGraph
import TensorStore

/// The properties that decide whether a compiled network still reads a constant's bytes: how they are stored, and the nodes that compute with them.
struct ConstantKind: Hashable, CustomStringConvertible {
    let elementType: ElementType
    /// Whether another constant is computed from it, which the runtime does when it compiles: conversion, scaling, transposition.
    /// Reshaping alone leaves the bytes where they are.
    let isComputed: Bool
    /// The first nodes that compute with inputs of the network, with the place of the constant among their inputs: `MatMul.1`.
    let readers: [String]

    var description: String { "\(elementType)\(isComputed ? ", computed" : "") to \(readers.joined(separator: ", "))" }

    /// Whether a compiled network of known shapes reads no byte of such constants any more.
    ///
    /// Established by `ConstantMemoryTests`: products and convolutions pack their weights, and what is computed
    /// from constants in floating point is computed once. Everything else may share the constant's memory; tables that are looked
    /// up in (`Gather`) may stay compressed, and be computed at each run.
    var isPackedByCompiling: Bool {
        guard elementType.isFloatingPoint, !readers.isEmpty else { return false }
        if readers.allSatisfy({ Self.packing.contains($0) }) { return true }
        return isComputed && !readers.contains { $0.hasPrefix("Gather") }
    }

    private static let packing: Set<String> = ["MatMul.1", "Convolution.1"]
}

extension ElementType {
    /// Whether weights of 8 and 4 bits have this type; shapes, indices and texts have others.
    fileprivate var isCompressedWeight: Bool { [.i8, .u8, .i4, .u4].contains(self) }
}

extension Graph {
    /// The kinds of constants that lie in files, by node.
    var constantKinds: [Int: ConstantKind] {
        let index = GraphIndex(self)
        var kinds: [Int: ConstantKind] = [:]
        for (place, node) in nodes.enumerated() {
            guard case .file = node.constant else { continue }
            var readers: Set<String> = []
            var isComputed = true
            var pending: [(value: Value, isCopied: Bool)] = [(value(place), false)]
            while let (value, isCopied) = pending.popLast() {
                for use in index.uses[value] ?? [] {
                    let reader = nodes[use.node]
                    guard index.isConstant[use.node] else {
                        readers.insert("\(reader.type).\(use.port)")
                        isComputed = isComputed && isCopied
                        continue
                    }
                    let keepsBytes = ["Reshape", "Squeeze", "Unsqueeze"].contains(reader.type)
                    for port in reader.outputs.indices {
                        pending.append((self.value(use.node, port: port), isCopied || !keepsBytes))
                    }
                }
            }
            kinds[place] = ConstantKind(
                elementType: node.outputs[0].elementType, isComputed: isComputed && !readers.isEmpty, readers: readers.sorted())
        }
        return kinds
    }

    /// The bytes of encrypted files that the compiled network reads, by file; files of which it reads nothing are missing.
    ///
    /// Constants share the memory that they were read from, and some nodes compute with that memory. Others have packed or converted
    /// their weights into memory of their own when they were compiled (`ConstantKind.isPackedByCompiling`).
    /// - Parameter isStatic: whether all shapes are known. Nodes of dynamic shapes pack their weights at the first run.
    func secretsRead(isStatic: Bool) -> [ObjectIdentifier: RangeSet<Int>] {
        // Networks with compressed weights compute with them, and with their scales, at each run.
        let isCompressed = nodes.contains { $0.constant != nil && $0.outputs.first?.elementType.isCompressedWeight == true }
        let kinds = isStatic && !isCompressed ? constantKinds : [:]
        var kept: [ObjectIdentifier: RangeSet<Int>] = [:]
        for (place, node) in nodes.enumerated() {
            if case .file(let file, let offset, let byteCount) = node.constant, file.isDecrypted,
                kinds[place]?.isPackedByCompiling != true
            {
                kept[ObjectIdentifier(file), default: RangeSet()].insert(contentsOf: offset..<offset + byteCount)
            }
            if let file = node.bodyWeights, file.isDecrypted {
                kept[ObjectIdentifier(file), default: RangeSet()].insert(contentsOf: 0..<file.byteCount)
            }
        }
        return kept
    }
}
