import CCurl
import Glibc

/// The failure of a transfer: no response, or one that ended early.
struct HTTPFailure: Error, Equatable {
    /// A description for messages, which follows the host's name.
    let reason: String

    static let malformed = HTTPFailure(reason: "the response is incomplete or malformed")
    static let noMemory = HTTPFailure(reason: "libcurl has no memory for a transfer")

    /// Facts that libcurl gives of a failure.
    struct Cause {
        let code: CURLcode
        let timeouts: HTTPTimeouts
        /// `errno` of the last failed system call; 0 if there was none.
        var systemError: Int32 = 0
        /// Status of the proxy's response to CONNECT; 0 if there was none.
        var proxyStatus = 0
        /// Whether the certificate failed verification, other than by its host name.
        var isUntrusted = false
        /// Whether the connection was made before.
        var wasConnected = false
        /// libcurl's own words; may be empty.
        var detail = ""

        init(_ code: CURLcode, timeouts: HTTPTimeouts = HTTPTimeouts()) {
            self.code = code
            self.timeouts = timeouts
        }
    }

    init(reason: String) { self.reason = reason }

    init(_ cause: Cause) { reason = Self.reason(cause) }

    private static func reason(_ cause: Cause) -> String {
        let words = cause.detail.isEmpty ? String(cString: curl_easy_strerror(cause.code)) : cause.detail
        switch cause.code {
        case CURLE_COULDNT_RESOLVE_HOST: return "its name can't be resolved"
        case CURLE_COULDNT_RESOLVE_PROXY: return "the proxy's name can't be resolved"
        case CURLE_OPERATION_TIMEDOUT where cause.wasConnected: return "no data for \(cause.timeouts.idle) s"
        case CURLE_OPERATION_TIMEDOUT: return "no connection within \(cause.timeouts.connect) s"
        case CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE: return "the connection was closed"
        case CURLE_COULDNT_CONNECT, CURLE_SEND_ERROR, CURLE_RECV_ERROR:
            if cause.proxyStatus >= 300 { return "the proxy answers with status \(cause.proxyStatus)" }
            if cause.systemError != 0 { return String(cString: strerror(cause.systemError)) }
            return cause.code == CURLE_RECV_ERROR ? malformed.reason : words
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL: return malformed.reason
        case CURLE_PEER_FAILED_VERIFICATION where cause.isUntrusted:
            return "its certificate is not trusted (set SSL_CERT_FILE to trust others)"
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CIPHER,
            CURLE_SSL_CERTPROBLEM, CURLE_SSL_ENGINE_INITFAILED:
            return "no secure connection (\(words))"
        default: return words
        }
    }
}
