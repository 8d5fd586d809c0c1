public import Foundation

/// Settings from environment variables, with the same names as huggingface_hub's.
public struct HubEnvironment: Sendable {
    /// `HF_ENDPOINT`, without a trailing slash.
    public let endpoint: URL
    /// Token from `HF_TOKEN`, `HUGGING_FACE_HUB_TOKEN` or the file of `hf auth login`; nil with
    /// `HF_HUB_DISABLE_IMPLICIT_TOKEN`.
    public let token: String?
    public let cache: HubCache
    /// `HF_HUB_OFFLINE` or `TRANSFORMERS_OFFLINE`.
    public let isOffline: Bool
    /// `SSL_CERT_FILE` or `REQUESTS_CA_BUNDLE`: the certificates to trust, instead of the system's.
    let certificates: String?
    /// `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` for the endpoint, unless `NO_PROXY` names its host.
    let proxy: HubProxy?

    /// - Throws: `HubError.invalidSetting`.
    public init(_ variables: [String: String] = ProcessInfo.processInfo.environment) throws(HubError) {
        let settings = HubSettings(variables)
        let address = settings["HF_ENDPOINT"] ?? "https://huggingface.co"
        endpoint = try Self.endpoint(address)
        token = try Self.token(settings)
        cache = HubCache(folder: Self.cacheFolder(settings))
        isOffline = settings.isOn("HF_HUB_OFFLINE") || settings.isOn("TRANSFORMERS_OFFLINE")
        certificates = try settings.certificates(["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
        proxy = try HubProxy(settings, for: endpoint)
    }

    private static func endpoint(_ address: String) throws(HubError) -> URL {
        func refusal(_ reason: String) -> HubError { .invalidSetting(name: "HF_ENDPOINT", reason: reason) }
        let url: URL
        do throws(HTTPAddressError) {
            url = try HTTPAddress.url(String(address.trimmingSuffix("/")))
        } catch {
            // A password is not repeated.
            throw refusal(error == .user ? "it \(error)" : "'\(address.prefix(200))' \(error)")
        }
        guard url.query == nil, url.fragment == nil else { throw refusal("'\(url.authority)' is followed by more than a path") }
        return url
    }

    /// Cache folder of huggingface_hub.
    static func cacheFolder(_ settings: HubSettings) -> URL {
        if let path = settings["HF_HUB_CACHE"] ?? settings["HUGGINGFACE_HUB_CACHE"] { return settings.folder(path) }
        return home(settings).appending(path: "hub")
    }

    private static func home(_ settings: HubSettings) -> URL {
        if let path = settings["HF_HOME"] { return settings.folder(path) }
        return settings.caches.appending(path: "huggingface")
    }

    private static func token(_ settings: HubSettings) throws(HubError) -> String? {
        guard !settings.isOn("HF_HUB_DISABLE_IMPLICIT_TOKEN") else { return nil }
        for name in ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"] {
            if let value = settings[name] { return try checked(value, from: name) }
        }
        let file = settings["HF_TOKEN_PATH"].map(settings.folder) ?? home(settings).appending(path: "token")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
        return try checked(text, from: file.path)
    }

    /// Trims a token and checks that it can be sent in a header; nil if empty.
    private static func checked(_ text: String, from source: String) throws(HubError) -> String? {
        let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .invalidSetting(name: source, reason: "a token has neither spaces nor line breaks in it")
        }
        return token.isEmpty ? nil : token
    }
}

/// Environment variables. An empty one counts as not set.
struct HubSettings {
    private let variables: [String: String]

    init(_ variables: [String: String]) { self.variables = variables }

    subscript(name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }

    func isOn(_ name: String) -> Bool { ["1", "ON", "YES", "TRUE"].contains(self[name]?.uppercased()) }

    /// The file of certificates that the first of these variables names.
    /// - Throws: `HubError.invalidSetting` where it can't be read.
    func certificates(_ names: [String]) throws(HubError) -> String? {
        guard let name = names.first(where: { self[$0] != nil }), let path = self[name] else { return nil }
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw .invalidSetting(name: name, reason: "\(path) can't be read")
        }
        return path
    }

    /// The user's folder for caches.
    var caches: URL { self["XDG_CACHE_HOME"].map(folder) ?? home.appending(path: ".cache") }

    var home: URL { self["HOME"].map { URL(filePath: $0) } ?? FileManager.default.homeDirectoryForCurrentUser }

    /// Folder of a path, with `~` replaced by the home folder.
    func folder(_ path: String) -> URL {
        guard path == "~" || path.hasPrefix("~/") else { return URL(filePath: path) }
        return path == "~" ? home : home.appending(path: String(path.dropFirst(2)))
    }
}

extension String {
    func trimmingSuffix(_ character: Character) -> Substring {
        var rest = self[...]
        while rest.last == character { rest.removeLast() }
        return rest
    }
}
