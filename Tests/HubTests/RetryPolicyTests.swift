import Foundation
import Testing

@testable import Hub

@Suite struct RetryPolicyTests {
    @Test func delaysDouble() {
        let policy = RetryPolicy(attempts: 7)
        let delays = (1...7).map { policy.delay(after: $0, asked: nil) }
        #expect(delays == [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(16), .seconds(16), nil])
        #expect(policy.delay(after: 1, asked: .seconds(60)) == .seconds(60))
        #expect(policy.delay(after: 1, asked: .seconds(301)) == nil)
    }

    @Test(
        arguments: [
            (["Retry-After": "120"], .seconds(120)),
            (["Retry-After": " 0 "], .seconds(0)),
            (["Retry-After": "Sun, 06 Nov 1994 08:49:47 GMT"], .seconds(10)),
            (["Retry-After": "Sun, 06 Nov 1994 08:00:00 GMT"], .seconds(0)),
            (["RateLimit": #""api";r=0;t=55"#], .seconds(56)),
            (["RateLimit": #""api"; r=3; t=55"#], nil),
            (["Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"], .seconds(86_400)),
            (["Retry-After": "99999999999999999999999999"], .seconds(86_400)),
            (["Retry-After": "1e999"], nil),
            (["Retry-After": "soon"], nil),
            (["Retry-After": "-5"], nil),
            ([:], nil),
        ] as [([String: String], Duration?)])
    func readsRetryAfter(headers: [String: String], duration: Duration?) {
        // The example of RFC 9110, ten seconds before its date.
        let now = Date(timeIntervalSince1970: 784_111_777)
        #expect(RetryAfter.duration(in: HTTPHeaders(headers.map { ($0.key, $0.value) }), now: now) == duration)
    }
}
