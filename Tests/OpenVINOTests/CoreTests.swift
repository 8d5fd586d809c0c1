import Foundation
import OpenVINO
import TensorStore
import Testing

struct CoreTests {
    @Test func tellsVersionsAndDevices() throws {
        let core = try Core.shared
        #expect(try Version.runtime.build.hasPrefix("2026."))
        #expect(try core.availableDevices.contains(.cpu))
        let version = try #require(try core.versions(of: .cpu).first)
        #expect(version.device == "CPU")
        #expect(try version.build == Version.runtime.build)
        #expect(try core.property(.fullDeviceName).isEmpty == false)
        #expect(try core.property(.optimizationCapabilities).contains("FP32"))
        #expect(try core.property(.supportedProperties).contains("INFERENCE_PRECISION_HINT"))
    }

    @Test func reportsFailuresInTheRuntimesWords() throws {
        let core = try Core.shared
        let model = try core.readModel(xml: IR.matMul(), weights: IR.weights)
        expectFailure(saying: #"Device with "XPU" name is not registered"#) { try core.compile(model, device: "XPU") }
        expectFailure(saying: "Unsupported property NO_SUCH") { try core.compile(model, properties: [.custom("NO_SUCH", "1")]) }
        expectFailure(saying: "tags mismatch") { try core.readModel(xml: "<net version=\"11\"><layers>") }
        expectFailure(saying: "Unable to read the model") { try core.readModel(xml: "hello") }
        expectFailure(saying: "Empty weights data") { try core.readModel(xml: IR.matMul()) }
        expectFailure(saying: "Incorrect weights in bin file!") {
            try core.readModel(xml: IR.matMul(offset: 1), weights: IR.weights)
        }
        expectFailure(saying: "/no/such/model.xml") { try core.readModel(path: "/no/such/model.xml") }
        expectFailure(saying: "/no/such.so") { try core.addExtension("/no/such.so") }
        expectFailure(saying: "There is no device XPU.") { try core.versions(of: "XPU") }
        expectFailure(saying: "unsupported property: NO_SUCH") { try core.property(PropertyKey<Int>("NO_SUCH")) }
        expectFailure(saying: #"Device with "XPU" name is not registered"#) { try core.property(.fullDeviceName, of: "XPU") }
    }

    @Test func refusesWhatCanNotCross() throws {
        let core = try Core.shared
        #expect(throws: OpenVINOError.embeddedNUL(in: "path")) { try core.readModel(path: "model.xml\0.txt") }
        #expect(throws: OpenVINOError.embeddedNUL(in: "name of a device")) { try core.versions(of: "CPU\0") }
        #expect(throws: OpenVINOError.embeddedNUL(in: "value of CACHE_DIR")) { try core.set([.cacheDirectory("a\0b")]) }
        // The property's value is a pointer to functions, so text is refused.
        #expect(throws: OpenVINOError.pointerProperty(key: "CACHE_ENCRYPTION_CALLBACKS")) {
            try core.set([.custom("CACHE_ENCRYPTION_CALLBACKS", "x")])
        }
        let error = #expect(throws: OpenVINOError.self) { try core.readModel(xml: "") }
        #expect(error == .runtime(call: "ov_core_read_model_from_memory_buffer", status: .invalidParameter, details: ""))
        #expect(error?.reason == "invalid c input parameters")
    }

    @Test func readsFilesAndCompilesThem() throws {
        let folder = try TemporaryFolder()
        try Data(IR.matMul().utf8).write(to: folder.url.appending(path: "model.xml"))
        try IR.weights.withUnsafeBytes { Data($0) }.write(to: folder.url.appending(path: "model.bin"))
        try IR.weights.withUnsafeBytes { Data($0) }.write(to: folder.url.appending(path: "other.weights"))
        let (core, path) = (try Core.shared, folder.url.appending(path: "model.xml").path)
        for model in [
            try core.compile(path: path), try core.compile(core.readModel(path: path)),
            try core.compile(core.readModel(path: path, weights: folder.url.appending(path: "other.weights").path)),
        ] {
            let request = try model.makeRequest()
            try request.setInput("x", to: ones([1, 3]))
            try request.infer()
            #expect(try request.outputTensor("y").elements(as: Float.self) == IR.sums)
        }
    }
}

/// A temporary folder, deleted with this object.
final class TemporaryFolder: Sendable {
    let url = FileManager.default.temporaryDirectory.appending(path: "OpenVINOTests-\(UUID().uuidString)")
    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: url) }
}
