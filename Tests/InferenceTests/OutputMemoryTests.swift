import Inference
import ModelGraph
import OpenVINO
import TensorStore
import Testing

@Suite struct OutputMemoryTests {
    /// y = x + 1, for `x` `[rows, 2]`.
    private func increment(rows: Dimension = 1, _ name: String = "increment") throws -> Executable {
        var graph = Graph(name: name)
        let x = graph.parameter("x", .f32, [rows, 2])
        graph.result(try graph.add(x, 1), name: "y")
        return try Executable(name, SizedGraph(graph))
    }

    private func address(_ tensor: Tensor) -> UInt { tensor.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } }

    private func values(_ tensor: Tensor) throws -> [Float] { try tensor.elements() }

    private func run(_ network: Executable, _ tensor: Tensor) async throws -> Tensor {
        try await network.run(["x": tensor]).required("y", of: network.name)
    }

    private func tensor(_ values: Float...) throws -> Tensor { try Tensor(values, shape: [values.count / 2, 2]) }

    @Test func anOutputIsTheNextNetworksInputWithoutACopy() async throws {
        let (first, second) = (try increment(), try increment())
        let handed = try await run(first, tensor(1, 2))
        try first.pass("y", to: "x", of: second)
        // The tensor that is passed is the same memory: a run that finds it in use writes elsewhere.
        let again = try await first.run().required("y", of: "first")
        #expect(address(again) != address(handed))
        #expect(try await values(#require(second.run()["y"])) == [3, 4])
        #expect(try values(handed) == [2, 3])
    }

    @Test(arguments: [Dimension.fixed(1), .any]) func anOutputThatIsHeldIsNotOverwritten(_ rows: Dimension) async throws {
        let network = try increment(rows: rows)
        var held: [Tensor] = []
        for value in 0..<5 { held.append(try await run(network, tensor(Float(value), 0))) }
        #expect(Set(held.map(address)).count == 5)
        for (value, tensor) in held.enumerated() { #expect(try values(tensor) == [Float(value) + 1, 1]) }
    }

    @Test(arguments: [Dimension.fixed(1), .any]) func memoryThatNothingHoldsIsWrittenAgain(_ rows: Dimension) async throws {
        let network = try increment(rows: rows)
        var addresses: Set<UInt> = []
        for value in 0..<5 { addresses.insert(address(try await run(network, tensor(Float(value), 0)))) }
        #expect(addresses.count == 1)
    }

    /// A copy of the value that is written to is a copy; the network's memory stays.
    @Test func outputsAreValues() async throws {
        let network = try increment()
        let output = try await run(network, tensor(1, 2))
        var copy = output
        copy.withUnsafeMutableBytes { $0.storeBytes(of: 9, as: Float.self) }
        #expect(try values(output) == [2, 3])
        #expect(try values(copy) == [9, 3])
    }

    @Test func outputsOutliveTheirNetwork() async throws {
        let output = try await { try await run(increment(), tensor(1, 2)) }()
        #expect(try values(output) == [2, 3])
    }

    @Test func aNetworkFeedsItself() async throws {
        let network = try increment()
        try network.set(["x": tensor(0, 10)])
        var addresses: Set<UInt> = []
        for count in 1...6 {
            let output = try #require(try await network.run()["y"])
            #expect(try values(output) == [Float(count), Float(count) + 10])
            addresses.insert(address(output))
            try network.pass("y", to: "x")
        }
        #expect(addresses.count == 2)
    }

    /// A cache that grows by a row a run, as of keys and values.
    @Test func aCacheGrows() async throws {
        var graph = Graph(name: "cache")
        let past = graph.parameter("past", .f32, [.any, 2])
        let new = graph.parameter("new", .f32, [1, 2])
        graph.result(try graph.concatenate([past, new], axis: 0), name: "present")
        let network = try Executable("cache", SizedGraph(graph))
        try network.set(["past": Tensor(zeros: [0, 2])])
        for count in 1...4 {
            let present = try #require(try await network.run(["new": tensor(Float(count), 0)])["present"])
            #expect(present.shape == [count, 2])
            #expect(try values(present) == (1...count).flatMap { [Float($0), 0] })
            try network.pass("present", to: "past")
        }
    }

    @Test func shapesMayChangeFromRunToRun() async throws {
        let network = try increment(rows: .any)
        let large = try await run(network, tensor(1, 2, 3, 4, 5, 6))
        #expect(try values(large) == [2, 3, 4, 5, 6, 7])
        let small = try await run(network, tensor(1, 2))
        #expect(small.shape == [1, 2] && large.shape == [3, 2])
        #expect(try values(small) == [2, 3])
        #expect(try values(large) == [2, 3, 4, 5, 6, 7])
        #expect(try await run(network, Tensor(zeros: [0, 2])).shape == [0, 2])
    }

    @Test func refusals() async throws {
        let network = try increment()
        await #expect { try await network.run() } throws: { "\($0)".contains("has an input 'x', which is not set") }
        #expect { try network.pass("y", to: "x") } throws: { "\($0)".contains("has not run yet") }
        #expect { try network.pass("z", to: "x") } throws: { "\($0)".contains("no output 'z'") }
        #expect { try network.pass("y", to: "z") } throws: { "\($0)".contains("no input 'z'") }
        let outputs = try await network.run(["x": tensor(1, 2)])
        #expect { try outputs.required("z", of: "increment") } throws: { "\($0)".contains("has no output 'z'; it has y") }
    }

    // MARK: Stages

    /// Each stage takes the shapes of what it needs from the stages before it.
    @Test func stagesAreCompiledTogether() async throws {
        var graph = Graph(name: "whole")
        let a = graph.parameter("a", .f32, [.any, 2])
        let b = graph.parameter("b", .f32, [.any, 2])
        let doubled = try graph.add(a, a)
        graph.result(try graph.multiply(doubled, b), name: "y")
        let sized = try SizedGraph(graph, setting: ["a": [3, nil], "b": [3, nil]])
        let stages = try sized.stages([["a"], ["b"]]).compactMap(\.self)
        #expect(stages.map(\.shapes) == [["a": [3, 2]], ["b": [3, 2]]])
        let networks = try Executable.compile([("first", stages[0]), ("second", stages[1])], graphDuration: .seconds(1))
        #expect(networks.map(\.name) == ["first", "second"])
        #expect(networks[0].outputShapes.values.allSatisfy { $0 == [3, 2] })
        #expect(networks[1].outputShapes == ["y": [3, 2]])
        try await networks[1].set(networks[0].run(["a": tensor(1, 2, 3, 4, 5, 6)]))
        let y = try await networks[1].run(["b": tensor(1, 1, 2, 2, 3, 3)]).required("y", of: "second")
        #expect(try values(y) == [2, 4, 12, 16, 30, 36])
        let timings = networks.compactMap { $0.takeTimings() }
        #expect(timings.map(\.graph) == [.zero, .seconds(1)])
        #expect(timings[0].compilingByClock == .zero && timings[1].compilingByClock > .zero)
    }
}
