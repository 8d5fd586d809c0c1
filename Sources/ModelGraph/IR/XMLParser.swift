import CExpat

/// A fault in an XML document, with the line that it is in.
public struct XMLFault: Error, Equatable, CustomStringConvertible {
    public let line: Int
    public let reason: String

    public var description: String { "line \(line): \(reason)" }
}

/// Reads `bytes` into a tree, by expat.
///
/// A document type declaration is refused. IR has none, and without it there are no entities to expand. Elements may nest 256
/// deep, far deeper than in any IR, so that no document can exhaust the stack.
func parseXML(_ bytes: UnsafeRawBufferPointer) throws(XMLFault) -> XMLElement {
    guard let parser = XML_ParserCreate("UTF-8") else { throw XMLFault(line: 0, reason: "no memory for a parser") }
    defer { XML_ParserFree(parser) }
    let tree = XMLTreeBuilder(parser: parser)
    XML_SetUserData(parser, Unmanaged.passUnretained(tree).toOpaque())
    XML_SetElementHandler(
        parser,
        { context, name, attributes in
            guard let context, let name, let attributes else { return }
            Unmanaged<XMLTreeBuilder>.fromOpaque(context).takeUnretainedValue().start(name, attributes)
        },
        { context, _ in
            guard let context else { return }
            Unmanaged<XMLTreeBuilder>.fromOpaque(context).takeUnretainedValue().end()
        })
    XML_SetCharacterDataHandler(parser) { context, text, length in
        guard let context, let text else { return }
        Unmanaged<XMLTreeBuilder>.fromOpaque(context).takeUnretainedValue().characters(text, Int(length))
    }

    XML_SetStartDoctypeDeclHandler(parser) { context, _, _, _, _ in
        guard let context else { return }
        Unmanaged<XMLTreeBuilder>.fromOpaque(context).takeUnretainedValue().refuse("a document type has no place in IR")
    }

    // expat takes an Int32 of bytes at a time.
    let chunk = 1 << 24
    var offset = 0
    repeat {
        let count = min(chunk, bytes.count - offset)
        let isFinal: Int32 = offset + count == bytes.count ? 1 : 0
        let part = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
        let status = XML_Parse(parser, part.bindMemory(to: CChar.self).baseAddress, Int32(count), isFinal)
        guard status == XML_STATUS_OK else {
            throw XMLFault(line: Int(XML_GetCurrentLineNumber(parser)), reason: tree.refusal ?? expatMessage(parser))
        }
        offset += count
    } while offset < bytes.count
    guard let root = tree.root else { throw XMLFault(line: 0, reason: "the document is empty") }
    return root
}

private func expatMessage(_ parser: XML_Parser) -> String {
    XML_ErrorString(XML_GetErrorCode(parser)).map { String(cString: $0) } ?? "not well-formed"
}

private final class XMLTreeBuilder {
    private static let depthLimit = 256
    private let parser: XML_Parser
    private var open: [XMLElement] = []
    private(set) var root: XMLElement?
    /// The reason for refusing a document that is well-formed so far.
    private(set) var refusal: String?

    init(parser: XML_Parser) { self.parser = parser }

    func start(_ name: UnsafePointer<CChar>, _ attributes: UnsafeMutablePointer<UnsafePointer<CChar>?>) {
        guard open.count < Self.depthLimit else {
            refuse("elements are nested more than \(Self.depthLimit) deep")
            return
        }
        var element = XMLElement(String(cString: name))
        var index = 0
        while let key = attributes[index], let value = attributes[index + 1] {
            element.attributes.append(.init(String(cString: key), String(cString: value)))
            index += 2
        }
        open.append(element)
    }

    func refuse(_ reason: String) {
        refusal = reason
        XML_StopParser(parser, XML_Bool(0))
    }

    func characters(_ text: UnsafePointer<CChar>, _ length: Int) {
        guard !open.isEmpty else { return }
        let bytes = UnsafeRawBufferPointer(start: text, count: length)
        // IR is nearly all elements: indentation between them is not worth a String.
        if open[open.count - 1].text.isEmpty, bytes.allSatisfy({ $0 <= 0x20 }) { return }
        open[open.count - 1].text += String(decoding: bytes, as: UTF8.self)
    }

    func end() {
        guard var element = open.popLast() else { return }
        element.text = trimmed(element.text)
        if open.isEmpty { root = element } else { open[open.count - 1].children.append(element) }
    }
}

/// `text` without XML's white space at its ends.
private func trimmed(_ text: String) -> String {
    func isSpace(_ scalar: Unicode.Scalar) -> Bool { [" ", "\n", "\r", "\t"].contains(scalar) }
    guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last, isSpace(first) || isSpace(last) else {
        return text
    }
    guard let start = text.unicodeScalars.firstIndex(where: { !isSpace($0) }),
        let end = text.unicodeScalars.lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(text.unicodeScalars[start...end])
}

/// An XML element with its text and children.
public struct XMLElement: Sendable, Hashable {
    public var name: String
    /// The attributes, in the document's order.
    public var attributes: [Attribute]
    public var children: [XMLElement]
    /// The text directly inside, white space at its ends dropped.
    public var text: String

    public init(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], children: [XMLElement] = [], text: String = "")
    {
        self.name = name
        self.attributes = attributes.map { Attribute($0.key, $0.value) }
        self.children = children
        self.text = text
    }

    /// Reads a document; a document type declaration is refused.
    public init(parsing text: String) throws(XMLFault) {
        var text = text
        let result = text.withUTF8 { bytes in
            Result { () throws(XMLFault) in try parseXML(UnsafeRawBufferPointer(bytes)) }
        }
        self = try result.get()
    }

    public typealias Attribute = Node.Attribute

    /// The value of the attribute called `name`.
    public subscript(_ name: String) -> String? { attributes.first { $0.name == name }?.value }

    /// The first child called `name`.
    public func child(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    /// The children called `name`.
    public func children(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }
}
