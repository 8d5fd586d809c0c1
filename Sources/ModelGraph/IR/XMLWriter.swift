/// Writes XML text, element by element.
struct XMLWriter {
    private(set) var text = "<?xml version=\"1.0\"?>\n"
    private var open: [String] = []

    /// Starts an element, which `end` closes.
    mutating func start(_ name: String, _ attributes: [Node.Attribute] = []) {
        tag(name, attributes)
        text += ">\n"
        open.append(name)
    }

    mutating func end() {
        guard let name = open.popLast() else { return }
        text += "</\(name)>\n"
    }

    /// Writes an element without children, with optional text.
    mutating func element(_ name: String, _ attributes: [Node.Attribute] = [], text content: String? = nil) {
        tag(name, attributes)
        if let content {
            text += ">"
            escape(content)
            text += "</\(name)>\n"
        } else {
            text += "/>\n"
        }
    }

    /// Writes an element with its children.
    mutating func element(_ element: XMLElement) {
        guard !element.children.isEmpty else {
            self.element(element.name, element.attributes, text: element.text.isEmpty ? nil : element.text)
            return
        }
        start(element.name, element.attributes)
        escape(element.text)
        for child in element.children { self.element(child) }
        end()
    }

    private mutating func tag(_ name: String, _ attributes: [Node.Attribute]) {
        text += "<\(name)"
        for attribute in attributes {
            text += " \(attribute.name)=\""
            escape(attribute.value)
            text += "\""
        }
    }

    private mutating func escape(_ value: String) {
        guard value.utf8.contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x26 || $0 == 0x3C || $0 == 0x3E }) else {
            text += value
            return
        }
        for scalar in value.unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case _ where scalar.value < 0x20: text += "&#\(scalar.value);"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}
