/// A prompt whose text changes from step to step, in AUTOMATIC1111's notation, read as its web UI reads it.
///
/// `[before:after:when]` changes its text after step `when`, `[after:when]` begins with nothing, and `[before::when]` ends with
/// nothing. A `when` with a decimal point is a share of the steps. `[a|b|c]` takes turns, a step each. All of these nest, and a
/// backslash makes the next mark a letter. Brackets of any other form are text: `[word]` weighs (see `WeightedPrompt`).
///
/// Otherwise than there, a `|` outside square brackets is a letter (there nothing of such a prompt is scheduled), a bracket that
/// nothing closes or opens changes nothing about the others, and brackets within more than 256 others are text.
public struct ScheduledPrompt: Sendable, Equatable {
    /// A text, and the last step that it is for, counted from 1.
    public struct Part: Sendable, Equatable {
        public let lastStep: Int
        public let text: String
    }

    private let nodes: [Node]

    public init(parsing prompt: String) {
        var parser = Parser(scalars: Array(prompt.unicodeScalars))
        nodes = parser.nodes(depth: 0)
    }

    /// The texts in order; neighbours differ.
    /// - Parameter steps: 1 or more.
    public func parts(steps: Int) -> [Part] {
        var ends: Set = [steps]
        for node in nodes { node.collectEnds(steps, &ends) }
        var parts: [Part] = []
        for end in ends.sorted() {
            let text = nodes.text(at: end, of: steps)
            if parts.last?.text == text { parts.removeLast() }
            parts.append(Part(lastStep: end, text: text))
        }
        return parts
    }

    fileprivate indirect enum Node: Equatable {
        case text(String)
        case change(before: [Node], after: [Node], when: Moment)
        case turns([[Node]])
    }

    /// When a text changes: the number of a step, or a share of all steps.
    fileprivate struct Moment: Equatable {
        let value: Double
        let isShare: Bool

        /// A number with white space around it; nil for anything else.
        init?(_ text: String) {
            let number = text.unicodeScalars.drop { $0.properties.isWhitespace }.reversed().drop { $0.properties.isWhitespace }
            let scalars = number.reversed()
            guard !scalars.isEmpty, scalars.allSatisfy({ "+-.0123456789eE".unicodeScalars.contains($0) }),
                let value = Double(String(String.UnicodeScalarView(scalars))), value.isFinite
            else { return nil }
            self.value = value
            isShare = scalars.contains(".")
        }

        /// The last step with the text before the change; 0 or less where there is none.
        func step(of steps: Int) -> Int {
            let step = isShare ? value * Double(steps) : value
            return Int(min(max(step, -1), Double(steps)))
        }
    }
}

extension ScheduledPrompt.Node {
    fileprivate func collectEnds(_ steps: Int, _ ends: inout Set<Int>) {
        switch self {
        case .text: return
        case .change(let before, let after, let when):
            let step = when.step(of: steps)
            if step >= 1 { ends.insert(step) }
            for node in before + after { node.collectEnds(steps, &ends) }
        case .turns(let texts):
            ends.formUnion(1...max(steps, 1))
            for node in texts.joined() { node.collectEnds(steps, &ends) }
        }
    }
}

extension [ScheduledPrompt.Node] {
    fileprivate func text(at step: Int, of steps: Int) -> String {
        var text = ""
        for node in self {
            switch node {
            case .text(let own): text += own
            case .change(let before, let after, let when):
                text += (step <= when.step(of: steps) ? before : after).text(at: step, of: steps)
            case .turns(let texts): text += texts[(step - 1) % texts.count].text(at: step, of: steps)
            }
        }
        return text
    }
}

extension ScheduledPrompt {
    /// Goes through a prompt once, by scalars.
    private struct Parser {
        private static let depthLimit = 256

        let scalars: [Unicode.Scalar]
        private var position = 0

        init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

        /// The nodes up to the end of the prompt or, within a bracket, up to a mark of that bracket, which is not read.
        /// - Parameter depth: the number of open square brackets.
        mutating func nodes(depth: Int) -> [Node] {
            var nodes: [Node] = []
            var text = String.UnicodeScalarView()
            var roundBrackets = 0
            func flush() {
                if !text.isEmpty { nodes.append(.text(String(text))) }
                text = .init()
            }
            reading: while position < scalars.count {
                let scalar = scalars[position]
                switch scalar {
                case "]" where depth > 0: break reading
                case ":", "|": if depth > 0, roundBrackets == 0 { break reading }
                case "[" where depth < Self.depthLimit:
                    flush()
                    nodes += bracket(depth: depth + 1)
                    continue
                case "(": roundBrackets += 1
                case ")": roundBrackets = max(0, roundBrackets - 1)
                case "\\" where position + 1 < scalars.count:
                    text.append(scalar)
                    position += 1
                default: break
                }
                text.append(scalars[position])
                position += 1
            }
            flush()
            return nodes
        }

        /// The bracket that opens here: one node, or its text where it has another form or is not closed.
        private mutating func bracket(depth: Int) -> [Node] {
            position += 1
            var parts = [nodes(depth: depth)]
            var marks: [Unicode.Scalar] = []
            while position < scalars.count {
                let mark = scalars[position]
                position += 1
                if mark == "]" { return Self.closed(parts, marks) }
                marks.append(mark)
                parts.append(nodes(depth: depth))
            }
            return [.text("[")] + Self.joined(parts, marks)
        }

        private static func closed(_ parts: [[Node]], _ marks: [Unicode.Scalar]) -> [Node] {
            if !marks.isEmpty, marks.allSatisfy({ $0 == "|" }) { return [.turns(parts)] }
            let colons = marks.indices.filter { marks[$0] == ":" }
            if let last = colons.last, last == marks.count - 1, colons.count <= 2, let when = moment(parts[last + 1]) {
                let start = colons.count == 2 ? colons[0] + 1 : 0
                let before = start == 0 ? [] : joined(Array(parts[..<start]), Array(marks[..<(start - 1)]))
                let after = joined(Array(parts[start...last]), Array(marks[start..<last]))
                return [.change(before: before, after: after, when: when)]
            }
            return [.text("[")] + joined(parts, marks) + [.text("]")]
        }

        private static func moment(_ nodes: [Node]) -> Moment? {
            guard nodes.count == 1, case .text(let text) = nodes[0] else { return nil }
            return Moment(text)
        }

        /// Parts with the marks between them as text.
        private static func joined(_ parts: [[Node]], _ marks: [Unicode.Scalar]) -> [Node] {
            var nodes = parts[0]
            for (mark, part) in zip(marks, parts.dropFirst()) { nodes += [.text(String(mark))] + part }
            return nodes
        }
    }
}
