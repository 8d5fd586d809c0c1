import Foundation
import ModelGraph
import OpenVINO
import Quantization
import TensorStore
import TestSupport
import Testing

/// SmoothQuant and bias correction against `nncf.quantize` 3.4.0, on a block of a convolution and three products.
@Suite struct BlockGoldenTests {
    let graph: Graph
    let goldens: SafetensorsFile
    let statistics: ChannelStatistics
    let activations: ActivationStatistics
    let placement: QuantizerPlacement

    init() throws {
        graph = try IRReader.read(path: Goldens.url("Quantization/block.xml").path)
        goldens = try SafetensorsFile(path: Goldens.url("Quantization/block.safetensors").path)
        placement = QuantizerPlacement(graph)
        var statistics = ChannelStatistics(graph, Set(ChannelStatistics.Kind.allCases))
        var activations = ActivationStatistics(placement)
        let instrumented = try statistics.instrumented(ActivationStatistics.instrumented(graph, placement))
        for index in 0..<2 {
            let outputs = try outputs(instrumented, ["image": Self.tensor(goldens, "image/\(index)")])
            try statistics.record(#require(outputs[ChannelStatistics.output]))
            try activations.record(#require(outputs[ActivationStatistics.output]))
        }
        (self.statistics, self.activations) = (statistics, activations)
    }

    static func tensor(_ file: SafetensorsFile, _ name: String) throws -> Tensor {
        try #require(file.entries.first { $0.name == name }, "\(name)").tensor()
    }

    private func floats(_ name: String) throws -> [Float] { try Self.tensor(goldens, name).elements() }

    @Test func factorsAndWeightsAreNNCFs() throws {
        let smoothed = try SmoothQuant(.global(0.95)).apply(to: graph, statistics) { _ in true }
        #expect(smoothed.groups.map(\.operations) == [["a", "b"], ["c"]])
        for group in smoothed.groups {
            expectClose(group.factors, try floats("smooth/\(group.operations.last ?? "")"), tolerance: 1e-5)
        }
        var options = WeightCompressionOptions(mode: .int8Narrow)
        options.factors = smoothed.weights.mapValues { WeightFactors(input: $0.input) }
        let compressed = try WeightCompression(options).apply(to: smoothed.graph).graph
        for name in ["conv.weight", "a.weight", "b.weight", "c.weight"] {
            let found = try #require(QuantizedWeightReading.constant(compressed, name)).bytes.map { Int8(bitPattern: $0) }
            let reference = try Self.tensor(goldens, "smooth/\(name)").elements(as: Int8.self)
            // Factors differ in the last bit, and so may what lies midway between two integers.
            let distances = zip(found, reference).map { abs(Int($0) - Int($1)) }
            #expect(distances.max() ?? 2 <= 1 && distances.count { $0 > 0 } <= 2, "\(name)")
        }
    }

    /// Whatever is divided where, the network computes the same.
    @Test(arguments: [SmoothQuant.Alpha.global(0.95), .global(0.5), .searched]) func theNetworkComputesTheSame(
        alpha: SmoothQuant.Alpha
    ) throws {
        let smoothed = try SmoothQuant(alpha).apply(to: graph, statistics)
        #expect(smoothed.groups.allSatisfy(\.isFolded) && !smoothed.groups.isEmpty)
        #expect(!smoothed.graph.nodes.contains { $0.name.hasSuffix("nncf_smooth_quant") })
        let image = try Self.tensor(goldens, "image/0")
        let exact = try #require(outputs(graph, ["image": image])["y"])
        try expectClose(#require(outputs(try restored(smoothed), ["image": image])["y"]), exact, tolerance: 1e-5)
    }

    /// The graph with its weights in floating point, multiplied by what was divided by.
    private func restored(_ smoothed: SmoothQuant.Result) throws -> Graph {
        var options = WeightCompressionOptions(mode: .int8Narrow)
        options.factors = smoothed.weights
        options.ignored = IgnoredScope(types: ["MatMul", "Convolution"])
        return try WeightCompression(options).apply(to: smoothed.graph).graph
    }

    /// Statistics that were measured before are those that would be measured after.
    @Test func statisticsAfterwardsNeedNoRun() throws {
        let smoothed = try SmoothQuant(.global(0.8)).apply(to: graph, statistics)
        let after = QuantizerPlacement(smoothed.graph)
        #expect(after.quantizers.map(\.operations) == placement.quantizers.map(\.operations))
        let derived = try activations.smoothed(smoothed, after, statistics)
        var measured = ActivationStatistics(after)
        let instrumented = try ActivationStatistics.instrumented(restored(smoothed), QuantizerPlacement(restored(smoothed)))
        for index in 0..<2 {
            let found = try outputs(instrumented, ["image": Self.tensor(goldens, "image/\(index)")])
            try measured.record(#require(found[ActivationStatistics.output]))
        }
        for (found, reference) in zip(derived.extremes, measured.extremes) {
            #expect(abs(found.minimum - reference.minimum) <= 1e-5 * abs(reference.minimum))
            #expect(abs(found.maximum - reference.maximum) <= 1e-5 * abs(reference.maximum))
            // An estimate.
            #expect(abs(found.meanMaximum - reference.meanMaximum) <= 0.1 * abs(reference.meanMaximum))
        }
    }

    /// With one channel thirty times as wide as others, INT8 does far better when it is smoothed.
    @Test func smoothingLessensTheError() throws {
        func error(_ smoothed: SmoothQuant.Result?) throws -> Double {
            let graph = smoothed?.graph ?? graph
            let placement = QuantizerPlacement(graph) { $0 == "conv" }
            let statistics =
                try smoothed.map { try activations.smoothed($0, placement, self.statistics) }
                ?? activations.restricted(to: placement)
            var options = WeightCompressionOptions(mode: int8Saturates ? .int8HalfRange : .int8Narrow)
            options.factors = smoothed?.weights ?? [:]
            options.ignored = IgnoredScope(names: ["conv"])
            let ranges = try statistics.ranges(.mixed, .minMax)
            let rounded = try WeightCompression(options).apply(to: graph.quantizingActivations(placement, ranges)).graph
            return try (0..<2).reduce(0) { sum, index in
                let image = try Self.tensor(goldens, "image/\(index)")
                let exact = try #require(outputs(self.graph, ["image": image])["y"]).elements(as: Float.self)
                let found = try #require(outputs(rounded, ["image": image])["y"]).elements(as: Float.self)
                return sum + zip(exact, found).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
            }
        }
        let without = try error(nil)
        let searched = try error(SmoothQuant(.searched).apply(to: graph, statistics))
        let errors = try [0.5, 0.95].map { try error(SmoothQuant(.global($0)).apply(to: graph, statistics)) }
        #expect(searched < without / 2, "\(without), searched \(searched), global \(errors)")
        #expect(errors.allSatisfy { searched < $0 * 1.1 })
    }

    @Test func biasesAreNNCFs() throws {
        let correction = FastBiasCorrection()
        var options = WeightCompressionOptions(mode: .int8Narrow)
        options.inputMeans = try correction.inputMeans(graph, statistics)
        let compressed = try WeightCompression(options).apply(to: graph)
        let (corrected, report) = try correction.apply(to: compressed.graph, compressed.report)
        #expect(report.corrected == ["conv", "a", "c"])
        #expect(report.skipped == [.init(operation: "b", reason: .noBias)])
        // Of a convolution without padding, NNCF counts as an error that pixels at the edge are read less often.
        for name in ["a", "c"] {
            let (old, new) = try (bias(graph, "\(name).bias"), bias(corrected, "\(name).bias/corrected"))
            let reference = try floats("bias/\(name)")
            let shifts = zip(reference, old).map { $0 - $1 }
            #expect(shifts.contains { abs($0) > 1e-3 })
            expectClose(zip(new, old).map { $0 - $1 }, shifts, tolerance: 5e-3, name)
        }
        // A shift that is large beside the bias is noise.
        var careful = correction
        careful.threshold = 1e-9
        #expect(try careful.apply(to: compressed.graph, compressed.report).report.corrected.isEmpty)
    }

    private func bias(_ graph: Graph, _ name: String) throws -> [Float] {
        try #require(QuantizedWeightReading.constant(graph, name)).bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }

    @Test func correctedMeansAreThoseBefore() throws {
        let images = try (0..<2).map { index in
            try Tensor(floats("image/\(index)").map { 3 + 0.2 * $0 }, shape: [1, 4, 6, 6])
        }
        var statistics = ChannelStatistics(graph, [.means])
        for image in images {
            let found = try outputs(statistics.instrumented(graph), ["image": image])[ChannelStatistics.output]
            try statistics.record(#require(found))
        }
        let correction = FastBiasCorrection()
        var options = WeightCompressionOptions(mode: .int8Narrow)
        options.inputMeans = try correction.inputMeans(graph, statistics)
        // Coarse, so that there is something to correct.
        options.mode = .int8HalfRange
        let compressed = try WeightCompression(options).apply(to: graph)
        let corrected = try correction.apply(to: compressed.graph, compressed.report).graph
        /// The mean of each channel that the first convolution gives, with its bias.
        func means(_ graph: Graph) throws -> [Float] {
            var graph = graph
            let index = try #require(graph.nodes.firstIndex { $0.name == "conv" })
            let use = try #require(GraphIndex(graph).uses[graph.value(index)]?.first)
            let mean = try graph.reduce(.mean, graph.value(use.node), axes: [0, 2, 3])
            graph.result(mean, name: "means")
            var sums = [Float](repeating: 0, count: 8)
            for image in images {
                let found = try outputs(graph, ["image": image])["means"]
                for (channel, value) in try #require(found).elements(as: Float.self).enumerated() { sums[channel] += value / 2 }
            }
            return sums
        }
        let exact = try means(graph)
        func worst(_ graph: Graph) throws -> Float { zip(try means(graph), exact).reduce(0) { max($0, abs($1.0 - $1.1)) } }
        #expect(try worst(corrected) < worst(compressed.graph) / 5)
    }

    @Test func statisticsOfFewerOperations() throws {
        let fewer = QuantizerPlacement(graph) { $0 == "a" || $0 == "conv" }
        let restricted = try activations.restricted(to: fewer)
        #expect(restricted.quantizers.map(\.operations) == [["b"], ["c"]] && restricted.runs == 2)
        #expect(restricted.extremes == Array(activations.extremes.dropFirst()))
        let histograms = try ActivationHistograms(activations).restricted(to: fewer)
        #expect(histograms.histograms.map(\.high) == restricted.extremes.map(\.maximum))
        #expect(throws: CalibrationError.noQuantizer(operation: "conv")) { try restricted.restricted(to: placement) }
    }

    @Test func missingStatisticsAreNamed() throws {
        #expect(throws: CalibrationError.noRuns) {
            try SmoothQuant(.searched).apply(to: graph, ChannelStatistics(graph, [.extremes]))
        }
        var few = ChannelStatistics(graph, [.extremes]) { $0 == "c" }
        #expect(few.sites.map(\.operations) == [["c"]])
        try few.record(Tensor((0..<32).map { Float($0) - 16 }, shape: [32]))
        #expect(throws: CalibrationError.noChannels(operation: "c")) { try SmoothQuant(.searched).apply(to: graph, few) }
        #expect(throws: CalibrationError.noChannels(operation: "c")) { try FastBiasCorrection().inputMeans(graph, few) }
        #expect(throws: CalibrationError.self) { try few.record(Tensor([1, 2] as [Float], shape: [2])) }
        #expect(few.runs == 1)
    }
}
