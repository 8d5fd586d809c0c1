import Foundation
import TestSupport
import Testing

@testable import Inference

@Suite struct GPUKernelsTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("a.cl", "// __kernel void a(int no)\n__kernel void a(const __global float *x,\n  __global float *y) { }")
    }

    private func kernels(_ text: String) throws -> GPUKernels { try GPUKernels(folder.write("a.xml", text)) }

    private static let layer = """
        <CustomLayer name="A" type="SimpleGPU" version="1"><Kernel entry="a"><Source filename="a.cl"/></Kernel>
        <Buffers><Tensor arg-index="0" type="input" port-index="0" format="BFYX"/>
        <Tensor arg-index="1" type="output" port-index="0" format="BFYX"/></Buffers><WorkSizes global="X,Y,B*F"/></CustomLayer>
        """

    @Test func severalLayersSideBySide() throws {
        let found = try kernels("<?xml version=\"1.0\"?>\n<!-- two -->" + Self.layer + Self.layer).layers
        #expect(found.count == 2 && found[0].operation == "A" && found[0].entry == "a")
        #expect(found[0].arguments == ["input", "output"] && found[0].sources.map(\.lastPathComponent) == ["a.cl"])
    }

    /// The file of the example, whose kernel runs in `make test-extra`.
    @Test func theExample() throws {
        let url = Goldens.repository.appending(path: "Sources/GlintOperations/Kernels/channel_swish.xml")
        let layer = try #require(try GPUKernels(url).layers.first)
        #expect(layer.operation == "ChannelSwish" && layer.arguments == ["input", "input", "output"])
    }

    @Test(arguments: [
        ("<CustomLayer", "line 1"), ("", "has no <CustomLayer>"), ("<Layer/>", "<Layer> stands"),
        (layer.replacing("SimpleGPU", with: "GPU"), "SimpleGPU"), (layer.replacing("name=\"A\"", with: ""), "no name"),
        (layer.replacing("entry=\"a\"", with: "entry=\"b\""), "__kernel void b("),
        (layer.replacing("a.cl", with: "b.cl"), "b.cl"),
        (layer.replacing("arg-index=\"1\"", with: "arg-index=\"2\""), "has 2 parameters"),
        (layer.replacing("arg-index=\"1\"", with: "arg-index=\"0\""), "there twice"),
        (layer.replacing("type=\"output\"", with: "type=\"result\""), "not input or output"),
        (layer.replacing("<WorkSizes global=\"X,Y,B*F\"/>", with: ""), "WorkSizes"),
        (layer.replacing("<Source filename=\"a.cl\"/>", with: ""), "no <Source>"),
    ]) func whatIsWrongIsTold(_ text: String, _ reason: String) throws {
        let error = #expect(throws: GPUKernelsError.self) { try kernels(text) }
        #expect("\(error.map { "\($0)" } ?? "")".contains(reason), "\(error.map { "\($0)" } ?? "")")
    }

    @Test func aFileThatIsMissing() throws {
        #expect(throws: GPUKernelsError.unreadable(path: "/nowhere.xml")) { try GPUKernels(URL(filePath: "/nowhere.xml")) }
    }
}
