@testable import ModelGraph
import Testing

@Suite struct XMLTests {
    private func parse(_ text: String) throws -> XMLElement {
        try Array(text.utf8).withUnsafeBytes { try parseXML($0) }
    }

    @Test func elementsTextAndAttributesAreRead() throws {
        let root = try parse(
            "<?xml version='1.0'?><!-- note --><a x='1' y=\"2\">\n\t<b> 7 \n</b><b/><c>one <![CDATA[<two>]]> &lt;three&gt;</c>\n</a>"
        )
        #expect(root.name == "a")
        #expect(root.attributes == [.init("x", "1"), .init("y", "2")])
        #expect(root["y"] == "2")
        #expect(root["z"] == nil)
        #expect(root.children("b").map(\.text) == ["7", ""])
        #expect(root.child("c")?.text == "one <two> <three>")
        #expect(root.text.isEmpty)
    }

    @Test func whatIsWrittenIsRead() throws {
        let value = "\"<&>' \n\t\r ä 漢 🦄 ,\u{301} \\ ]]>"
        let element = XMLElement(
            "a", ["v": value, "empty": ""], children: [XMLElement("b", text: "x < y & \"z\" > ü"), XMLElement("c")])
        var writer = XMLWriter()
        writer.element(element)
        #expect(try parse(writer.text) == element)
    }

    @Test func lineNumbersOfFaults() {
        let fault = #expect(throws: XMLFault.self) { try self.parse("<a>\n<b>\n</a>") }
        #expect(fault?.line == 3)
        #expect(throws: XMLFault.self) { try self.parse("<a>\u{0}</a>") }
        #expect(throws: XMLFault.self) { try [0x3C, 0x61, 0xFF, 0x2F, 0x3E].withUnsafeBytes { try parseXML($0) } }
    }

    @Test func longTextIsReadInParts() throws {
        let long = String(repeating: "0123456789abcdef", count: 1 << 20)
        #expect(try parse("<a b='\(long)'>\(long)\(long)</a>").text.utf8.count == 2 * long.utf8.count)
    }
}
