import Foundation
import Testing

@testable import Hub

/// Connections: time limits, cancellation, reuse, proxies.
@Suite(.timeLimit(.minutes(10))) struct HubTransportTests {
    private static let listing = "/api/models/owner/model/revision/main"
    private static let readme = "/owner/model/resolve/\(HubServer.commit)/README.md"

    private func environment(_ variables: [String: String]) throws -> HubEnvironment {
        try HubEnvironment(["HOME": "/nowhere"].merging(variables) { $1 })
    }

    /// The reason why a request to `address` fails.
    private func failure(_ address: String, _ variables: [String: String] = [:], _ timeouts: HTTPTimeouts = HTTPTimeouts())
        async throws -> String
    {
        let url = try #require(URL(string: address))
        do {
            try await HubTransport.with(environment(["HF_ENDPOINT": address].merging(variables) { $1 }), timeouts: timeouts) {
                for try await _ in try await $0.get(url).body {}
            }
            return ""
        } catch TransportFailure.connection(_, let reason) {
            return reason
        } catch let failure as HTTPFailure {
            return failure.reason
        }
    }

    // MARK: Cancellation and time limits

    @Test(arguments: [HubServer.Fault.silence, .stall(after: 70_000)]) func aTransferThatHangsCanBeCancelled(
        fault: HubServer.Fault
    ) async throws {
        let bench = try PullBench()
        try await HubServer.with(files: SampleModel.files) { server in
            server.answer(SampleModel.unet, with: fault)
            let pull = try bench.pull(server.endpoint)
            let task = Task { try await bench.run(pull) }
            while server.counts(.contents).stalled == 0 { try await Task.sleep(for: .milliseconds(5)) }
            task.cancel()
            // Not the error of the time limit for silence.
            await #expect(throws: CancellationError.self) { try await task.value }
            // The connection is closed as well.
            while server.counts(.contents).abandoned == 0 { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    @Test(arguments: [HubServer.Fault.silence, .stall(after: 3)]) func aServerThatHangsIsGivenUp(
        fault: HubServer.Fault
    ) async throws {
        try await HubServer.with(files: SampleModel.files) { server in
            server.answer(Self.readme, with: fault)
            let reason = try await failure(server.endpoint + Self.readme, [:], HTTPTimeouts(idle: 1))
            #expect(reason == "no data for 1 s")
        }
    }

    @Test func aHandshakeThatHangsIsGivenUp() async throws {
        // This server reads the handshake and waits for the end of a header.
        try await HubServer.with(files: [:]) { server in
            let address = server.endpoint.replacing("http://", with: "https://")
            let reason = try await failure(address, [:], HTTPTimeouts(connect: 1))
            #expect(reason == "no connection within 1 s")
        }
    }

    @Test func aServerThatIsNotThere() async throws {
        let server = try LocalServer { _ in LocalServer.Answer() }
        server.stop()
        #expect(try await failure("http://127.0.0.1:\(server.port)") == "Connection refused")
    }

    @Test func aResponseThatEndsEarly() async throws {
        try await HubServer.with(files: SampleModel.files) { server in
            server.answer(Self.readme, with: .drop(after: 3))
            let reason = try await failure(server.endpoint + Self.readme)
            #expect(reason == "the connection was closed")
        }
    }

    // MARK: Connections

    @Test func severalFilesAtOnce() async throws {
        let names = (0..<4).map { "\($0).safetensors" }
        let bench = try PullBench()
        // Different contents, since a content is downloaded once.
        let files = names.enumerated().map { ($1, SampleModel.bytes(300_000 + $0)) }
        try await HubServer.with(files: Dictionary(uniqueKeysWithValues: files)) { server in
            for name in names { server.answer(name, with: .together(names.count)) }
            let model = try await bench.run(bench.pull(server.endpoint))
            #expect(model.files.map(\.path) == names)
            #expect(server.counts(.contents).connections == names.count)
        }
    }

    @Test func oneConnectionServesSeveralRequests() async throws {
        let bench = try PullBench()
        try await HubServer.with(files: SampleModel.files) { server in
            var pull = try bench.pull(server.endpoint)
            pull.parallelFiles = 1
            try await bench.run(pull)
            #expect(server.requests(.hub).count > 3)
            #expect(server.counts(.hub).connections == 1)
        }
    }

    /// Runs `body` with a server that sends 64 MiB, and a function that requests them.
    private func withLarge(
        _ ending: LocalServer.Answer.Ending, _ body: (LocalServer, () async throws -> HTTPBody) async throws -> Void
    ) async throws {
        let content = [UInt8](repeating: 7, count: 64 << 20)
        let server = try LocalServer { _ in LocalServer.Answer(body: content, ending: ending) }
        defer { server.stop() }
        let endpoint = "http://127.0.0.1:\(server.port)"
        let url = try #require(URL(string: "\(endpoint)/large"))
        try await HubTransport.with(environment(["HF_ENDPOINT": endpoint])) { transport in
            try await body(server) { try await transport.get(url).body }
        }
    }

    @Test func aSlowReaderSlowsTheServer() async throws {
        try await withLarge(.complete) { server, request in
            var received = 0
            for try await chunk in try await request() {
                if received == 0 {
                    // The server fills the buffers in this time.
                    try await Task.sleep(for: .milliseconds(300))
                    #expect(server.counts.bytesSent < 32 << 20)
                }
                #expect(chunk.count <= 2 << 20 && chunk.first == 7 && chunk.last == 7)
                received += chunk.count
            }
            #expect(received == 64 << 20)
        }
    }

    @Test func aBodyThatIsDroppedClosesItsConnection() async throws {
        try await withLarge(.stall(after: 1000)) { server, request in
            for try await _ in try await request() { break }
            while server.counts.abandoned == 0 { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    // MARK: Proxies

    @Test func aProxyGetsTheWholeAddress() async throws {
        try await HubServer.with(files: SampleModel.files) { proxy in
            try await HubTransport.with(
                environment(["HF_ENDPOINT": "http://hub.invalid", "HTTP_PROXY": proxy.endpoint])
            ) { transport in
                let url = try #require(URL(string: "http://hub.invalid\(Self.listing)?blobs=true"))
                #expect(try await transport.get(url).body.collect(upTo: 1 << 20) != nil)
            }
            #expect(proxy.requests.map(\.target) == ["http://hub.invalid\(Self.listing)?blobs=true"])
        }
    }

    @Test func anExceptionIsNotAskedOfTheProxy() async throws {
        let bench = try PullBench()
        try await HubServer.with(files: SampleModel.files) { proxy in
            try await HubServer.with(files: SampleModel.files) { server in
                let settings = ["http_proxy": proxy.endpoint, "no_proxy": "localhost,127.0.0.1"]
                try await bench.run(bench.pull(server.endpoint, settings: settings))
                #expect(server.requests.allSatisfy { $0.target.hasPrefix("/") })
            }
            #expect(proxy.counts(.hub).connections == 0)
        }
    }

    @Test func aProxyThatRefusesATunnel() async throws {
        try await HubServer.with(files: [:]) { proxy in
            let reason = try await failure("https://hub.invalid", ["HTTPS_PROXY": proxy.endpoint])
            #expect(reason == "the proxy answers with status 404")
            #expect(proxy.requests.map(\.target) == ["hub.invalid:443"])
        }
    }
}
