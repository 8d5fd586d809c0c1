import Foundation

/// Makes requests to a server and to the hosts it redirects to.
struct HubTransport: Sendable {
    /// The server, and the way to it.
    struct Server: Sendable {
        let url: URL
        /// The value of `Authorization`, for this server alone; nil for none.
        let authorization: String?
        let proxy: HubProxy?
        /// File of the certificates to trust; nil for the system's.
        let certificates: String?
    }

    private let session: CurlSession
    private let endpoint: URL
    private let authorization: String?

    static let redirectLimit = 5
    /// Limit, in bytes, for the content of a redirect.
    private static let redirectBodyLimit = 1 << 16

    /// Runs `body` with a transport, and closes its connections afterwards.
    static func with<Result>(
        _ environment: HubEnvironment, timeouts: HTTPTimeouts = HTTPTimeouts(), _ body: (HubTransport) async throws -> Result
    ) async throws -> Result {
        let server = Server(
            url: environment.endpoint, authorization: environment.token.map { "Bearer \($0)" }, proxy: environment.proxy,
            certificates: environment.certificates)
        return try await with(server, timeouts: timeouts, body)
    }

    /// Runs `body` with a transport, and closes its connections afterwards.
    static func with<Result>(
        _ server: Server, timeouts: HTTPTimeouts = HTTPTimeouts(), _ body: (HubTransport) async throws -> Result
    ) async throws -> Result {
        let settings = CurlSession.Settings(proxy: server.proxy, certificates: server.certificates, timeouts: timeouts)
        guard let session = CurlSession(settings) else {
            throw HubError.unreachable(host: server.url.authority, reason: HTTPFailure.noMemory.reason)
        }
        let outcome: Swift.Result<Result, any Error>
        do {
            outcome = .success(try await body(HubTransport(session: session, server)))
        } catch {
            outcome = .failure(error)
        }
        await session.close()
        return try outcome.get()
    }

    private init(session: CurlSession, _ server: Server) {
        self.session = session
        endpoint = server.url
        authorization = server.authorization
    }

    /// Sends a GET request, follows redirects, and returns the successful response.
    ///
    /// The authorization is sent to the server only. Other hosts, which serve the content, authorize by the redirect's URL.
    /// - Parameter accept: the media types to ask for; nil for any.
    /// - Throws: `TransportFailure`, `HubError.unexpectedAnswer`, `CancellationError`.
    func get(_ url: URL, rangeFrom offset: Int = 0, accept: String? = nil) async throws -> HTTPResponse {
        var url = url
        for _ in 0...Self.redirectLimit {
            let isEndpoint = url.hasSameOrigin(as: endpoint)
            var request = HTTPRequest(url: url.absoluteString)
            request.headers = [("User-Agent", "glint"), ("Accept-Encoding", "identity")]
            if offset > 0 { request.headers.append(("Range", "bytes=\(offset)-")) }
            if let accept { request.headers.append(("Accept", accept)) }
            if isEndpoint, let authorization { request.headers.append(("Authorization", authorization)) }
            let response = try await answer(to: request, host: url.authority)
            switch response.status {
            case 200..<300: return response
            case 301, 302, 303, 307, 308:
                // Read to the end, so that the connection can be reused.
                _ = try? await response.body.collect(upTo: Self.redirectBodyLimit)
                url = try Self.target(of: response, from: url)
            default:
                throw TransportFailure.status(
                    response.status, host: url.authority, isEndpoint: isEndpoint,
                    errorCode: response.headers["X-Error-Code"], retryAfter: RetryAfter.duration(in: response.headers))
            }
        }
        throw HubError.unexpectedAnswer(url: endpoint.authority, reason: "more than \(Self.redirectLimit) redirects")
    }

    private static func target(of response: HTTPResponse, from url: URL) throws(HubError) -> URL {
        guard let location = response.headers["Location"] else {
            throw .unexpectedAnswer(url: url.authority, reason: "a redirect without an address")
        }
        do {
            return try HTTPAddress.url(location, relativeTo: url)
        } catch {
            throw .unexpectedAnswer(url: url.authority, reason: "a redirect to an address that \(error)")
        }
    }

    private func answer(to request: HTTPRequest, host: String) async throws -> HTTPResponse {
        do {
            return try await session.send(request)
        } catch {
            throw try Self.failure(error, host: host)
        }
    }

    /// Describes the error that broke a connection.
    /// - Throws: `CancellationError` if the task was cancelled.
    static func failure(_ error: any Error, host: String) throws -> TransportFailure {
        try Task.checkCancellation()
        if error is CancellationError { throw error }
        return .connection(host: host, reason: (error as? HTTPFailure)?.reason ?? "\(error)")
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

    /// The proxy's address as a URL.
    var address: String { "http://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}

extension HubProxy {
    /// The proxy for `endpoint`; nil if none is set, or if `NO_PROXY` lists the endpoint's host, a parent domain or `*`.
    /// - Throws: `HubError.invalidSetting` for an address that is not `http://host:port`.
    init?(_ settings: HubSettings, for endpoint: URL) throws(HubError) {
        let names = ["\(endpoint.scheme?.lowercased() ?? "https")_proxy", "all_proxy"].flatMap { [$0, $0.uppercased()] }
        guard let name = names.first(where: { settings[$0] != nil }), let address = settings[name] else { return nil }
        let exceptions = (settings["no_proxy"] ?? settings["NO_PROXY"] ?? "").split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        let target = endpoint.host ?? ""
        for exception in exceptions where !exception.isEmpty {
            let domain = exception.hasPrefix(".") ? String(exception.dropFirst()) : exception
            if exception == "*" || target == domain || target.hasSuffix(".\(domain)") { return nil }
        }
        func refusal(_ reason: String) -> HubError {
            .invalidSetting(name: name, reason: "the address \(reason); proxies have the form http://host:port")
        }
        let url: URL
        do throws(HTTPAddressError) {
            url = try HTTPAddress.url(address.contains("://") ? address : "http://\(address)")
        } catch {
            throw refusal("\(error)")
        }
        guard url.scheme?.lowercased() == "http" else { throw refusal("is not an http URL") }
        host = url.host ?? ""
        port = url.port ?? 80
    }
}
