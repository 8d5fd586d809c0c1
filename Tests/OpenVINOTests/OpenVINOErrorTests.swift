import OpenVINO
import TensorStore
import Testing

struct OpenVINOErrorTests {
    /// A message of the runtime, with source locations.
    static let details = """
        Exception from src/inference/src/cpp/core.cpp:117:
        Check 'a == b' failed at src/core/src/node.cpp:37:
        While validating node 'mm':
          First input dimension=5   doesn't match.


        """

    @Test func reasonIsTheMessageWithoutPlaces() {
        let error = OpenVINOError.runtime(call: "ov_core_compile_model_props", status: .generalError, details: Self.details)
        #expect(error.reason == "While validating node 'mm': First input dimension=5   doesn't match.")
        #expect(error.details == Self.details)
        #expect(error.description == "OpenVINO's ov_core_compile_model_props failed (-1): \(error.reason)")
    }

    @Test func aFailedCheckIsTheReasonWhereThereIsNoOther() {
        let details = "Exception from src/a.cpp:1:\nCheck 'size > 0' failed at src/b.cpp:2:\n\n"
        let error = OpenVINOError.runtime(call: "f", status: .generalError, details: details)
        #expect(error.reason == "Check 'size > 0' failed at src/b.cpp:2:")
        #expect(OpenVINOError.runtime(call: "f", status: .requestBusy, details: "").reason == "request is busy")
    }

    @Test(
        arguments: [
            .runtime(call: "f", status: Status(rawValue: -99), details: ""),
            .unknownPort(.output, key: "'z'", available: []), .unknownPort(.input, key: "3", available: ["x", "y"]),
            .elementType(port: "x", expected: .f32, found: .i8), .shape(port: "x", expected: [.any, 3], found: [1]),
            .impossibleTensor(.u4, [-1]), .stringCount([2], found: 3), .stringCount([-2], found: 3), .embeddedNUL(in: "path"),
            .readOnly(port: nil), .readOnly(port: "y"), .stringBytes, .byteCount(.f32, [2], expected: 8, found: 4),
            .reshape(port: "x", .any), .missingVariableID(layer: "read", model: "a.xml"), .encoding(model: "a.xml"),
            .unreadableFile(path: "a.blob", reason: "There is no file a.blob."), .property(key: "K", expected: "Int", found: "x"),
            .pointerProperty(key: "K"), .unknownElementType(99),
        ] as [OpenVINOError])
    func isToldInOneLine(_ error: OpenVINOError) {
        #expect(!error.description.contains("\n"))
        #expect(error.description.count > 10)
        #expect(!error.reason.isEmpty)
    }
}
