import Foundation
import OpenVINO
import TensorStore
import Testing

/// The runtime's reader terminates the process on a variable without a name, so such IR is refused before.
struct VariableCheckTests {
    @Test(arguments: [
        "", #"variable_id="""#, #"other="variable_id""#, #"xvariable_id="total""#, #"/><!-- <data variable_id="total"/> --><x "#,
        #"a=">" b='variable_id="total"'"#,
    ])
    func refusesAReadValueWithoutVariable(_ attribute: String) throws {
        #expect(throws: OpenVINOError.missingVariableID(layer: "read", model: "IR in memory")) {
            try Core.shared.readModel(xml: IR.accumulator(variable: attribute), weights: Tensor(zeros: [1]))
        }
    }

    @Test(arguments: [
        ("type=\"ReadValue\"", "type='ReadValue'"), ("type=\"ReadValue\"", "type = \"ReadValue\""),
        ("type=\"ReadValue\"", "type=\"Read&#86;alue\""), ("<layer id=\"2\"", "<layer\n\tid=\"2\""),
    ])
    func seesALayerHoweverItIsWritten(_ text: String, _ written: String) throws {
        let xml = IR.accumulator(variable: "").replacing(text, with: written)
        #expect(xml.contains(written))
        #expect(throws: OpenVINOError.missingVariableID(layer: "read", model: "IR in memory")) {
            try Core.shared.readModel(xml: xml, weights: Tensor(zeros: [1]))
        }
    }

    @Test func checksFilesByWhatTheyHold() throws {
        let folder = try TemporaryFolder()
        for name in ["model.xml", "model.other"] {
            let path = folder.url.appending(path: name).path
            try Data(("\u{FEFF}\n" + IR.accumulator(variable: "")).utf8).write(to: URL(filePath: path))
            #expect(throws: OpenVINOError.missingVariableID(layer: "read", model: path)) { try Core.shared.readModel(path: path) }
            #expect(throws: OpenVINOError.missingVariableID(layer: "read", model: path)) { try Core.shared.compile(path: path) }
        }
        let path = folder.url.appending(path: "wide.xml").path
        for encoding in [String.Encoding.utf16LittleEndian, .utf16BigEndian, .utf16, .utf32LittleEndian] {
            try #require(IR.accumulator(variable: "").data(using: encoding)).write(to: URL(filePath: path))
            #expect(throws: OpenVINOError.encoding(model: path)) { try Core.shared.readModel(path: path) }
        }
    }
}
