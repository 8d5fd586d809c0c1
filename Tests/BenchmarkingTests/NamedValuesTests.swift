import TensorStore
import Testing

@testable import Benchmarking

@Suite struct NamedValuesTests {
    @Test func namesAndBrackets() throws {
        #expect(try NamedValues("a[1,3],b/c:0[2]", option: "-shape").values == ["a": ["1,3"], "b/c:0": ["2"]])
        #expect(try NamedValues("[1,3,8,8]", option: "-shape").values == ["": ["1,3,8,8"]])
        #expect(try NamedValues("a[1,8][1,16],b[2]", option: "-data_shape").values == ["a": ["1,8", "1,16"], "b": ["2"]])
        #expect(try NamedValues(" a[1, 3] , b[2] ", option: "-shape").values == ["a": ["1, 3"], "b": ["2"]])
    }

    @Test(arguments: ["", "a", "a[1", "a]1[", "a[1]b[2]", "a[1],a[2]", "a[1][2", "1,3,8,8"])
    func otherTextIsRefused(_ text: String) {
        #expect(throws: BenchmarkError.self) { try NamedValues(text, option: "-shape") }
    }

    @Test func shapes() {
        #expect(
            PartialShape(benchmarkText: "1,?,-1,2..4,3..,..5") == [
                1, .any, .any, .dynamic(minimum: 2, maximum: 4), .dynamic(minimum: 3, maximum: nil),
                .dynamic(minimum: 0, maximum: 5),
            ])
        #expect(PartialShape(benchmarkText: "") == [])
        for text in ["1,,2", "a", "-2", "4..2", "1,", "1.5"] { #expect(PartialShape(benchmarkText: text) == nil, "\(text)") }
    }

    /// The rule of benchmark_app's `get_inputs_info`.
    @Test(
        arguments: [
            ([1, 3, 16, 16], "NCHW"), ([1, 16, 16, 3], "NHWC"), ([3, 16, 16], "CHW"), ([16, 16, 3], "HWC"),
            ([1, 1, 28, 28], "NCHW"),
            ([1, 3, 3, 3], nil), ([1, 64, 7, 7], nil), ([1, 77], nil), ([1, 3, 8, 8, 8], nil),
        ] as [([Int], String?)])
    func layoutsByShape(_ shape: [Int], _ layout: String?) {
        #expect(InputLayout(guessedFrom: PartialShape(Shape(shape)))?.text == layout)
    }

    @Test func layouts() {
        #expect(InputLayout("[N,C,H,W]")?.text == "NCHW")
        #expect(InputLayout("n?c")?.text == "N?C")
        for text in ["", "NN", "N1", "N.."] { #expect(InputLayout(text) == nil, "\(text)") }
    }
}
