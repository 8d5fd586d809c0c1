import Testing

@testable import Tokenizers

/// The cases in which other implementations, or newer versions of Unicode, differ. That all else is right, the goldens show.
struct CanonicalCompositionTests {
    @Test(arguments: [
        ("e\u{301}", "é"),
        // What is below U+0300 stays as it is.
        ("é\u{A0}", "é\u{A0}"),
        // Marks by class; equal classes keep their order and block.
        ("c\u{301}\u{327}", "\u{1E09}"), ("x\u{301}\u{327}", "x\u{327}\u{301}"),
        ("a\u{308}\u{301}", "ä\u{301}"),
        // Composition exclusions and singletons.
        ("\u{958}", "\u{915}\u{93C}"), ("\u{212B}", "Å"), ("\u{F900}", "\u{8C48}"),
        // Starters whose decompositions begin with marks.
        ("\u{317}\u{F81}", "\u{F71}\u{F80}\u{317}"), ("\u{344}", "\u{308}\u{301}"),
        // Hangul, which Foundation leaves apart in part.
        ("\u{AC00}\u{11AF}", "\u{AC08}"), ("\u{1112}\u{1161}\u{11AB}", "\u{D55C}"), ("\u{AC01}\u{11AF}", "\u{AC01}\u{11AF}"),
        // Assigned after Unicode 9.0: neither reordered nor composed.
        ("\u{10F4C}\u{5A5}", "\u{10F4C}\u{5A5}"), ("\u{11935}\u{11930}", "\u{11935}\u{11930}"),
        ("\u{105D2}\u{307}", "\u{105D2}\u{307}"),
    ]) func forms(_ text: String, _ expected: String) {
        let composed = CanonicalComposition.composed(Array(text.unicodeScalars))
        #expect(composed == Array(expected.unicodeScalars))
    }

    @Test func theTableIsWhole() {
        #expect(CanonicalMappings.shared.decompositions.count == 2060)
        #expect(CanonicalMappings.shared.composites.count == 940)
    }
}
