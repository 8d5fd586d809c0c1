import Foundation
import TestSupport
import Testing

@testable import Hub

/// Pulls over TLS.
@Suite(.enabled(if: SecureServer.isAvailable, "needs python3 and openssl"))
struct SecurePullTests {
    private static let content = Array("# Model".utf8)

    /// A server with a model of one file.
    private func server(_ folder: TemporaryFolder) throws -> SecureServer {
        let commit = HubServer.commit
        let digest = ContentDigest(of: Self.content, isLarge: false)
        try folder.write(
            "site/api/models/owner/model/revision/main",
            #"{"sha": "\#(commit)", "siblings": [{"rfilename": "README.md", "size": 7, "blobId": "\#(digest.hex)"}]}"#)
        try folder.write("site/owner/model/resolve/\(commit)/README.md", Self.content)
        return try SecureServer(folder)
    }

    private func pull(_ bench: PullBench, _ endpoint: String, _ settings: [String: String]) async throws -> PulledModel {
        var selection = FileSelection()
        selection.files = ["README.md"]
        return try await bench.run(bench.pull(endpoint, settings: settings, selection: selection))
    }

    private func reason(_ bench: PullBench, _ endpoint: String, _ settings: [String: String]) async throws -> String? {
        let error = await #expect(throws: HubError.self) { try await pull(bench, endpoint, settings) }
        guard case .unreachable(_, let reason) = error else { return nil }
        return reason
    }

    @Test func onlyTrustedCertificatesAreAccepted() async throws {
        let bench = try PullBench()
        let server = try server(bench.folder)
        let endpoint = "https://localhost:\(server.port)"
        let settings = ["SSL_CERT_FILE": server.certificate]

        let untrusted = try await reason(bench, endpoint, [:])
        #expect(untrusted == "its certificate is not trusted (set SSL_CERT_FILE to trust others)")
        let otherName = try await reason(bench, "https://127.0.0.1:\(server.port)", settings)
        #expect(otherName?.hasPrefix("no secure connection (") == true)
        #expect(bench.cache.snapshot(repo: "owner/model") == nil)

        let model = try await pull(bench, endpoint, settings)
        #expect(try Array(Data(contentsOf: model.folder.appending(path: "README.md"))) == Self.content)
    }

    @Test func aFileWithoutCertificates() async throws {
        let bench = try PullBench()
        let server = try server(bench.folder)
        let file = try bench.folder.write("empty.pem", "").path
        let reason = try await reason(bench, "https://localhost:\(server.port)", ["SSL_CERT_FILE": file])
        #expect(reason?.contains("certificate file") == true)
    }
}
