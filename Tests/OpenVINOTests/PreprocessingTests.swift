import Foundation
import TensorStore
import TestSupport
import Testing

@testable import OpenVINO

@Suite struct PreprocessingTests {
    private func model() throws -> Model {
        try Core.shared.readModel(path: Goldens.url("Benchmarking/model.xml").path)
    }

    private func output(_ model: Model, _ input: Tensor) throws -> [Float] {
        let request = try Core.shared.compile(model, properties: .exact).makeRequest()
        try request.setInput(0, to: input)
        try request.infer()
        return try request.outputTensor(0).elements(as: Float.self)
    }

    @Test func bytesAreConvertedScaledAndShifted() throws {
        let bytes = (0..<3 * 16 * 16).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let (mean, scale): ([Float], [Float]) = ([1, 20, 100], [2, 4, 50])
        let floats = bytes.enumerated().map { index, byte in (Float(byte) - mean[index / 256]) / scale[index / 256] }
        let converted = try model().converting(
            inputs: [0: InputConversion(elementType: .u8, layout: "NCHW", mean: mean, scale: scale)])
        #expect(try converted.inputs[0].elementType == .u8)
        expectClose(
            try output(converted, Tensor(bytes, shape: [1, 3, 16, 16])),
            try output(model(), Tensor(floats, shape: [1, 3, 16, 16])), tolerance: 1e-5)
    }

    @Test func outputsChangeTheirType() throws {
        let converted = try model().converting(inputs: [:], outputs: [0: .f16])
        #expect(try converted.outputs[0].elementType == .f16)
    }

    @Test func whatDoesNotFitIsRefused() throws {
        #expect(throws: OpenVINOError.self) { try model().converting(inputs: [1: InputConversion(elementType: .u8)]) }
        #expect(throws: OpenVINOError.self) { try model().converting(inputs: [:], outputs: [3: .f16]) }
        #expect(throws: OpenVINOError.self) { try model().converting(inputs: [0: InputConversion(layout: "NC")]) }
        #expect(throws: OpenVINOError.self) { try model().converting(inputs: [0: InputConversion(layout: "N\0C")]) }
    }

    @Test func inputsAreReshapedByIndex() throws {
        let model = try Core.shared.readModel(path: Goldens.url("Benchmarking/dynamic.onnx").path)
        try model.reshape([0: [2, 3, 8, 8]])
        #expect(try model.inputs[0].shape == [2, 3, 8, 8])
        #expect(throws: OpenVINOError.self) { try model.reshape([1: [1]]) }
        #expect(throws: OpenVINOError.self) { try model.reshape([0: .any]) }
    }
}
