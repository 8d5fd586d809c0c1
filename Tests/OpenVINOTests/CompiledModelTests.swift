import Foundation
import OpenVINO
import TensorStore
import Testing

struct CompiledModelTests {
    @Test func exportsAndImports() throws {
        let (core, folder) = (try Core.shared, try TemporaryFolder())
        let path = folder.url.appending(path: "model.blob").path
        try compiled(IR.matMul(), weights: IR.weights).exportModel(to: path)
        let imported = try core.importModel(path: path)
        #expect(imported.inputs.map(\.name) == ["x"])
        #expect(imported.outputs[0].shape == [.any, 4])
        let request = try imported.makeRequest()
        try request.setInput("x", to: ones([1, 3]))
        try request.infer()
        #expect(try request.outputTensor("y").elements(as: Float.self) == IR.sums)
    }

    /// The runtime keeps reading the blob, so it must be retained.
    @Test func keepsTheBlob() throws {
        final class Owner: Sendable {
            let blob: Data
            init(_ blob: Data) { self.blob = blob }
        }
        let (core, folder) = (try Core.shared, try TemporaryFolder())
        let path = folder.url.appending(path: "model.blob").path
        try compiled(IR.matMul(), weights: IR.weights).exportModel(to: path)
        weak var kept: Owner?
        var request: InferRequest?
        do {
            let owner = Owner(try Data(contentsOf: URL(filePath: path)))
            kept = owner
            let blob = try owner.blob.withUnsafeBytes { try Tensor(borrowing: $0, owner: owner, shape: [$0.count], of: .u8) }
            request = try core.importModel(blob).makeRequest()
        }
        #expect(kept != nil)
        try request?.setInput("x", to: ones([1, 3]))
        try request?.infer()
        #expect(try request?.outputTensor("y").elements(as: Float.self) == IR.sums)
        request = nil
        #expect(kept == nil)
    }

    @Test func refusesBlobsThatAreNone() throws {
        let (core, folder) = (try Core.shared, try TemporaryFolder())
        expectFailure(saying: "Cannot import compiled blob") {
            try core.importModel(Tensor([UInt8](repeating: 7, count: 1000), shape: [1000]))
        }
        #expect(throws: OpenVINOError.self) { try core.importModel(Tensor(zeros: [0], of: .u8)) }
        #expect(throws: OpenVINOError.unreadableFile(path: "/no/such.blob", reason: "There is no file /no/such.blob.")) {
            try core.importModel(path: "/no/such.blob")
        }
        let empty = folder.url.appending(path: "empty.blob").path
        try Data().write(to: URL(filePath: empty))
        #expect(throws: OpenVINOError.self) { try core.importModel(path: empty) }
        let model = try compiled(IR.matMul(), weights: IR.weights)
        #expect(throws: OpenVINOError.self) { try model.exportModel(to: "/no/such/folder/model.blob") }
    }

    @Test func theModelMayGoOnceCompiled() throws {
        let core = try Core.shared
        let model = try core.readModel(xml: IR.matMul(), weights: IR.weights)
        let compiled = try core.compile(model)
        try model.reshape(["x": [5, 3]])
        #expect(compiled.inputs[0].shape == [.any, 3])
        #expect(try core.compile(model).inputs[0].shape == [5, 3])
    }
}
