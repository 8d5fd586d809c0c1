import Foundation

/// The proxy that requests go through.
struct HubProxy: Equatable, Sendable {
    let host: String
    let port: Int

    /// The proxy for `endpoint`; nil where none is set, or `NO_PROXY` has the endpoint's host, a domain above it or `*`.
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
