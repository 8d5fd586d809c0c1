import Foundation

/// The rules for addresses that requests are sent to, wherever they come from: settings, redirects, proxies.
enum HTTPAddress {
    /// The URL of an address: http or https in any case of letters, a host, and a port up to 65535 if there is one.
    /// - Parameter base: the URL that a redirect's address is relative to.
    /// - Throws: `HTTPAddressError`.
    static func url(_ address: String, relativeTo base: URL? = nil) throws(HTTPAddressError) -> URL {
        guard let url = URL(string: address, relativeTo: base)?.absoluteURL else { throw .noURL }
        guard ["http", "https"].contains(url.scheme?.lowercased()) else { throw .scheme }
        guard let host = url.host, !host.isEmpty else { throw .noHost }
        guard url.user == nil, url.password == nil else { throw .user }
        if let port = port(of: url) {
            guard let number = UInt16(port), number > 0 else { throw .port(String(port.prefix(20))) }
        }
        return url
    }

    /// The text of the port, which `URL.port` does not give where it is too large; nil where there is none.
    private static func port(of url: URL) -> Substring? {
        let rest = url.absoluteString.drop { $0 != ":" }.dropFirst(3)
        let authority = rest.prefix { !"/?#".contains($0) }
        guard let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") else { return nil }
        let port = authority[authority.index(after: colon)...]
        return port.isEmpty ? nil : port
    }
}

/// The fault of an address, as the end of a sentence: "ADDRESS is not a URL".
enum HTTPAddressError: Error, Equatable, CustomStringConvertible {
    case noURL, scheme, noHost, user
    case port(String)

    var description: String {
        switch self {
        case .noURL: "is not a URL"
        case .scheme: "is not an http or https URL"
        case .noHost: "has no host"
        case .user: "has a user name or a password in it, which is not supported"
        case .port(let text): "has the port \(text); ports are 1 to 65535"
        }
    }
}
