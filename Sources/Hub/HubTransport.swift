import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Makes requests to the hub and to the hosts it redirects to.
struct HubTransport: Sendable {
    private let client: HTTPClient
    private let endpoint: URL
    private let token: String?

    static let redirectLimit = 5
    /// Timeout for reading without any data.
    static let idleLimit = TimeAmount.seconds(30)

    /// Runs `body` with a transport, and closes its connections afterwards.
    static func with<Result>(
        _ environment: HubEnvironment, _ body: (HubTransport) async throws -> Result
    ) async throws -> Result {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10), read: idleLimit))
        // The client does not retry: `Attempts` counts and reports all attempts.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.proxy = environment.proxy.map { .server(host: $0.host, port: $0.port) }
        if let certificates = environment.certificates {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(certificates)
            configuration.tlsConfiguration = tls
        }
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let outcome: Swift.Result<Result, any Error>
        do {
            outcome = .success(
                try await body(HubTransport(client: client, endpoint: environment.endpoint, token: environment.token)))
        } catch {
            outcome = .failure(error)
        }
        try? await client.shutdown()
        return try outcome.get()
    }

    private init(client: HTTPClient, endpoint: URL, token: String?) {
        self.client = client
        self.endpoint = endpoint
        self.token = token
    }

    /// Sends a GET request, follows redirects, and returns the successful response.
    ///
    /// The token is sent to the hub only. Other hosts, which serve the content, authorize by the redirect's URL.
    /// - Throws: `TransportFailure`, `HubError.unexpectedAnswer`, `CancellationError`.
    func get(_ url: URL, rangeFrom offset: Int = 0) async throws -> HTTPClientResponse {
        var url = url
        for _ in 0...Self.redirectLimit {
            let isEndpoint = url.hasSameOrigin(as: endpoint)
            var request = HTTPClientRequest(url: url.absoluteString)
            request.headers.add(name: "User-Agent", value: "glint")
            request.headers.add(name: "Accept-Encoding", value: "identity")
            if offset > 0 { request.headers.add(name: "Range", value: "bytes=\(offset)-") }
            if isEndpoint, let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
            let response = try await answer(to: request, host: url.authority)
            switch response.status.code {
            case 200..<300: return response
            case 301, 302, 303, 307, 308:
                // Read to the end, so that the connection can be reused.
                _ = try? await response.body.collect(upTo: 1 << 16)
                guard let location = response.headers.first(name: "Location"),
                    let next = URL(string: location, relativeTo: url)?.absoluteURL, ["http", "https"].contains(next.scheme)
                else {
                    throw HubError.unexpectedAnswer(
                        url: url.authority, reason: "a redirect to a URL that is neither http nor https")
                }
                url = next
            default:
                throw TransportFailure.status(
                    Int(response.status.code), host: url.authority, isEndpoint: isEndpoint,
                    errorCode: response.headers.first(name: "X-Error-Code"),
                    retryAfter: RetryAfter.duration(in: response.headers))
            }
        }
        throw HubError.unexpectedAnswer(url: endpoint.authority, reason: "more than \(Self.redirectLimit) redirects")
    }

    private func answer(to request: HTTPClientRequest, host: String) async throws -> HTTPClientResponse {
        do {
            return try await client.execute(request, deadline: .distantFuture)
        } catch {
            throw try Self.failure(error, host: host)
        }
    }

    /// Describes the error that broke a connection.
    /// - Throws: `CancellationError` if the task was cancelled.
    static func failure(_ error: any Error, host: String) throws -> TransportFailure {
        try Task.checkCancellation()
        if error is CancellationError { throw error }
        return .connection(host: host, reason: reason(error))
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if error.connectionErrors.isEmpty { return "its name can't be resolved" }
            return error.connectionErrors.first.map { reason($0.error) } ?? "no connection"
        case let error as IOError: return String(cString: strerror(error.errnoCode))
        case let error as HTTPClientError:
            return switch error {
            case .connectTimeout: "no connection within 10 s"
            case .readTimeout: "no data for 30 s"
            case .remoteConnectionClosed, .uncleanShutdown: "the connection was closed"
            default: error.shortDescription
            }
        case is HTTPParserError: return "the response is incomplete or malformed"
        case NIOSSLError.handshakeFailed(let cause):
            return "\(cause)".contains("CERTIFICATE_VERIFY_FAILED")
                ? "its certificate is not trusted (set SSL_CERT_FILE to trust others)" : "no secure connection (\(cause))"
        default: return "\(error)"
        }
    }
}

extension URL {
    func hasSameOrigin(as other: URL) -> Bool {
        scheme?.lowercased() == other.scheme?.lowercased() && host?.lowercased() == other.host?.lowercased()
            && effectivePort == other.effectivePort
    }

    /// Host, and the port if it is not the default.
    var authority: String { (host ?? "") + (port.map { ":\($0)" } ?? "") }

    private var effectivePort: Int { port ?? (scheme?.lowercased() == "https" ? 443 : 80) }
}

/// The HTTP proxy for requests.
struct HubProxy: Equatable, Sendable {
    let host: String
    let port: Int

    /// The proxy for `endpoint`; nil if none is set, or if `NO_PROXY` lists the endpoint's host, a parent domain or `*`.
    /// - Throws: `HubError.invalidSetting` for an address that is not `http://host:port`.
    init?(_ settings: HubSettings, for endpoint: URL) throws(HubError) {
        let names = ["\(endpoint.scheme ?? "https")_proxy", "all_proxy"].flatMap { [$0, $0.uppercased()] }
        guard let name = names.first(where: { settings[$0] != nil }), let address = settings[name] else { return nil }
        let exceptions = (settings["no_proxy"] ?? settings["NO_PROXY"] ?? "").split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        let target = endpoint.host ?? ""
        for exception in exceptions where !exception.isEmpty {
            let domain = exception.hasPrefix(".") ? String(exception.dropFirst()) : exception
            if exception == "*" || target == domain || target.hasSuffix(".\(domain)") { return nil }
        }
        guard let url = URL(string: address.contains("://") ? address : "http://\(address)"), url.scheme == "http",
            url.user == nil, let host = url.host, !host.isEmpty
        else { throw .invalidSetting(name: name, reason: "only proxies of the form http://host:port are supported") }
        self.host = host
        port = url.port ?? 80
    }
}
