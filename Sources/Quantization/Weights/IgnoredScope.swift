public import ModelGraph
import TensorStore

/// The operations that a pass skips.
public struct IgnoredScope: Sendable, Equatable {
    /// Names of operations or of the constants that hold their weights.
    public var names: [String]
    /// Regular expressions that match the beginning of such a name.
    public var patterns: [String]
    /// Types of operations, as IR names them: `MatMul`, `Convolution` …
    public var types: [String]

    public init(names: [String] = [], patterns: [String] = [], types: [String] = []) {
        self.names = names
        self.patterns = patterns
        self.types = types
    }

    /// The indices of the nodes in the scope.
    /// - Throws: `QuantizationError.ignoredScope` for a rule that matches no node, `.pattern` for an invalid regular expression.
    public func nodes(of graph: Graph) throws(QuantizationError) -> Set<Int> {
        var found: Set<Int> = []
        func add(_ rule: String, _ candidates: [String], _ matches: (Node) -> Bool) throws(QuantizationError) {
            let indices = graph.nodes.indices.filter { matches(graph.nodes[$0]) }
            guard !indices.isEmpty else { throw .ignoredScope(rule, near: nearest(to: rule, among: candidates)) }
            found.formUnion(indices)
        }
        let all = graph.nodes.map(\.name)
        for name in names { try add(name, all) { $0.name == name } }
        for pattern in patterns {
            let expression: Regex<AnyRegexOutput>
            do {
                expression = try Regex(pattern)
            } catch {
                throw .pattern(pattern)
            }
            try add(pattern, all) { $0.name.prefixMatch(of: expression) != nil }
        }
        for type in types { try add(type, Array(Set(graph.nodes.map(\.type)))) { $0.type == type } }
        return found
    }
}
