import TensorStore
import Testing

@Suite struct MessageTextTests {
    @Test func longLinesLoseTheirMiddle() {
        let line = "width must be a number; it is '" + String(repeating: "é", count: 1 << 20) + "', not one."
        let cut = "first\n\(line)\nlast".cutForMessage
        #expect(cut.hasPrefix("first\nwidth must be a number; it is 'é") && cut.hasSuffix("é', not one.\nlast"))
        #expect(cut.count < 700 && cut.contains("(1048018 characters)"))
        let short = String(repeating: "a\n", count: 5000)
        #expect(short.cutForMessage == short && "".cutForMessage.isEmpty)
    }
}
