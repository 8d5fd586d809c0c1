import CCurl
import Glibc
import Testing

@testable import Hub

@Suite struct HTTPFailureTests {
    private func reason(_ code: CURLcode, _ change: (inout HTTPFailure.Cause) -> Void = { _ in }) -> String {
        var cause = HTTPFailure.Cause(code)
        change(&cause)
        return HTTPFailure(cause).reason
    }

    @Test func failuresHavePlainWords() {
        #expect(reason(CURLE_COULDNT_RESOLVE_HOST) == "its name can't be resolved")
        #expect(reason(CURLE_COULDNT_RESOLVE_PROXY) == "the proxy's name can't be resolved")
        #expect(reason(CURLE_OPERATION_TIMEDOUT) == "no connection within 10 s")
        #expect(reason(CURLE_OPERATION_TIMEDOUT) { $0.wasConnected = true } == "no data for 30 s")
        #expect(reason(CURLE_GOT_NOTHING) == "the connection was closed")
        #expect(reason(CURLE_PARTIAL_FILE) == "the connection was closed")
        #expect(reason(CURLE_WEIRD_SERVER_REPLY) == "the response is incomplete or malformed")
        #expect(reason(CURLE_RECV_ERROR) == "the response is incomplete or malformed")
    }

    @Test func theSystemsWordsArePreferred() {
        #expect(reason(CURLE_COULDNT_CONNECT) { $0.systemError = ECONNREFUSED } == "Connection refused")
        #expect(reason(CURLE_RECV_ERROR) { $0.systemError = ECONNRESET } == "Connection reset by peer")
        #expect(reason(CURLE_RECV_ERROR) { $0.proxyStatus = 407 } == "the proxy answers with status 407")
        #expect(reason(CURLE_COULDNT_CONNECT) { $0.detail = "No route" } == "No route")
    }

    @Test func certificates() {
        let words = "its certificate is not trusted (set SSL_CERT_FILE to trust others)"
        #expect(reason(CURLE_PEER_FAILED_VERIFICATION) { $0.isUntrusted = true } == words)
        #expect(reason(CURLE_PEER_FAILED_VERIFICATION) { $0.detail = "other name" } == "no secure connection (other name)")
        #expect(reason(CURLE_SSL_CONNECT_ERROR) { $0.detail = "no cipher" } == "no secure connection (no cipher)")
    }
}

@Suite struct HTTPHeadTests {
    private func head(_ lines: String...) -> HTTPHead {
        var head = HTTPHead()
        for line in lines { head.add(line + "\r\n") }
        return head
    }

    @Test func reads() {
        let head = head("HTTP/1.1 206 Partial Content", "Content-Range:bytes 5-9/10 ", "X-Empty:", "no field", "")
        #expect(head.isComplete && head.status == 206)
        #expect(head.headers["content-range"] == "bytes 5-9/10")
        #expect(head.headers["X-EMPTY"] == "")
        #expect(head.headers["X-Other"] == nil)
    }

    @Test func interimResponsesAndTrailersAreIgnored() {
        #expect(!head("HTTP/1.1 103 Early Hints", "Link: a", "").isComplete)
        let head = head("HTTP/1.1 100 Continue", "A: 1", "", "HTTP/1.1 200", "B: 2", "", "C: 3", "")
        #expect(head.isComplete && head.status == 200)
        #expect(head.headers["A"] == nil && head.headers["B"] == "2" && head.headers["C"] == nil)
    }
}
