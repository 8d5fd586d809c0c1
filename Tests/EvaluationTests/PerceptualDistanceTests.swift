import Architectures
import Foundation
import Inference
import ModelGraph
import OpenVINO
import TensorStore
import TestSupport
import Testing

/// Whole networks, with weights by a formula that `Goldens/evaluation/make.py` has too.
struct PerceptualDistanceTests {
    private struct Case: Decodable {
        let network: String
        let height: Int
        let width: Int
        let distance: Double
    }

    @Test(arguments: FeatureNetwork.allCases) func distancesAreTheReferences(_ network: FeatureNetwork) throws {
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: Goldens.url("evaluation/perceptual.json")))
        let distance = try PerceptualDistance(Self.weights(network))
        #expect(distance.network == network)
        let request = try Executable("test", SizedGraph(distance.graph(height: .any, width: .any))).model.makeRequest()
        for golden in cases where golden.network == network.rawValue {
            let a = Hashed.unit("\(network.rawValue).a", count: 3 * golden.height * golden.width).map { $0 * 2 - 1 }
            let change = Hashed.unit("\(network.rawValue).b", count: a.count)
            let b = zip(a, change).map { min(max($0 * 0.8 + ($1 - 0.5), -1), 1) }
            func found(_ second: [Float]) throws -> Double {
                try request.setInput("pictures", to: Tensor(a + second, shape: [2, 3, golden.height, golden.width]))
                try request.infer()
                return try Double(request.outputTensor("distance").elements(as: Float.self)[0])
            }
            #expect(abs(try found(b) / golden.distance - 1) < 1e-4)
            #expect(try found(a) == 0)
        }
    }

    /// The package's own state dict names the features by slices.
    @Test func theStateDictOfThePackage() throws {
        let weights = Self.weights(.alexNet).renamed { name in
            let parts = name.split(separator: ".")
            return parts[0] == "features" ? "net.slice1.\(parts[1]).\(parts[2])" : name
        }
        let distance = try PerceptualDistance(weights)
        #expect(distance.network == .alexNet)
        #expect(try distance.graph(height: 64, width: 64).results.count == 1)
    }

    @Test func otherWeightsAreRefused() throws {
        let none = #expect(throws: ArchitectureError.self) { try PerceptualDistance(Weights([:], source: "nothing")) }
        #expect(none?.description.contains("features.0.weight") == true)
        let other = Weights(["features.0.weight": Self.entry("x", [32, 3, 3, 3])], source: "another")
        let found = #expect(throws: ArchitectureError.self) { try PerceptualDistance(other) }
        #expect(found?.description.contains("AlexNet") == true)

        let first = Weights(["features.0.weight": Self.entry("x", [64, 3, 11, 11])], source: "half")
        #expect(throws: ArchitectureError.missingTensor("features.0.bias", in: "half")) {
            try PerceptualDistance(first).graph(height: 64, width: 64)
        }
    }

    private static func weights(_ network: FeatureNetwork) -> Weights {
        var entries: [String: Weights.Entry] = [:]
        func add(_ name: String, _ shape: Shape) { entries[name] = entry(name, shape) }
        // Places among torchvision's `features`, channels, and the side of each kernel.
        let convolutions: [(place: Int, outputs: Int, kernel: Int)]
        let taps: [Int]
        switch network {
        case .alexNet:
            convolutions = [(0, 64, 11), (3, 192, 5), (6, 384, 3), (8, 256, 3), (10, 256, 3)]
            taps = [64, 192, 384, 256, 256]
        case .vgg16:
            let places = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
            let outputs = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
            convolutions = zip(places, outputs).map { ($0, $1, 3) }
            taps = [64, 128, 256, 512, 512]
        }
        var inputs = 3
        for (place, outputs, kernel) in convolutions {
            add("features.\(place).weight", [outputs, inputs, kernel, kernel])
            add("features.\(place).bias", [outputs])
            inputs = outputs
        }
        for (layer, channels) in taps.enumerated() { add("lin\(layer).model.1.weight", [1, channels, 1, 1]) }
        return Weights(entries, source: "a formula")
    }

    private static func entry(_ name: String, _ shape: Shape) -> Weights.Entry {
        let fanIn = shape.dimensions.dropFirst().reduce(1, *)
        let limit = Float((6 / Double(fanIn)).squareRoot())
        // A block again and again: large networks are then quickly filled.
        let block = Hashed.unit(name, count: 4099).map { unit in
            name.hasPrefix("lin") ? unit : name.hasSuffix("bias") ? (unit - 0.5) * 0.2 : (unit * 2 - 1) * limit
        }.withUnsafeBytes { Array($0) }
        let byteCount = shape.dimensions.reduce(4, *)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        while bytes.count < byteCount { bytes += block.prefix(byteCount - bytes.count) }
        return Weights.Entry(elementType: .f32, shape: shape, data: .bytes(bytes))
    }
}
