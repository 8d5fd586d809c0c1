public import Foundation

/// Downloads a model from the hub into the cache.
public struct ModelPull: Sendable {
    public let reference: RepositoryReference
    public var environment: HubEnvironment
    public var selection: FileSelection
    /// Number of files downloaded concurrently.
    public var parallelFiles = 4
    public var retry = RetryPolicy()

    public init(_ reference: RepositoryReference, environment: HubEnvironment, selection: FileSelection = FileSelection()) {
        self.reference = reference
        self.environment = environment
        self.selection = selection
    }

    /// Selects the files without downloading them, except those that the selection depends on (`model_index.json` and the
    /// indices of sharded weights).
    /// - Throws: `HubError`, `CancellationError`.
    public func plan(report: @escaping @Sendable (PullEvent) -> Void = { _ in }) async throws -> PullPlan {
        guard !environment.isOffline else { throw offline }
        return try await HubTransport.with(environment) { transport in
            let hub = repository(transport, report)
            return try await plan(hub.listing(), hub)
        }
    }

    /// Downloads the missing files, then writes the snapshot, which is therefore never incomplete.
    ///
    /// If offline, or if the hub can't be reached, an earlier snapshot is returned unchanged, with a note.
    /// - Throws: `HubError`, `CancellationError`; the data received so far stay in the cache for the next pull.
    public func run(report: @escaping @Sendable (PullEvent) -> Void = { _ in }) async throws -> PulledModel {
        if environment.isOffline {
            guard let model = cached(note: "HF_HUB_OFFLINE is set: using the files of an earlier pull") else { throw offline }
            return model
        }
        return try await HubTransport.with(environment) { transport in
            let hub = repository(transport, report)
            let listing: RepositoryListing
            do {
                listing = try await hub.listing()
            } catch HubError.unreachable(let host, let reason) {
                guard let model = cached(note: "\(host) can't be reached (\(reason)): using the files of an earlier pull") else {
                    throw HubError.unreachable(host: host, reason: reason)
                }
                return model
            }
            return try await bring(plan(listing, hub), from: hub)
        }
    }

    private var offline: HubError {
        .offline(
            repository: reference.repository, revision: reference.revision,
            cached: environment.cache.revisions(of: reference.repository))
    }

    private func repository(_ transport: HubTransport, _ report: @escaping @Sendable (PullEvent) -> Void) -> HubRepository {
        HubRepository(
            reference: reference, environment: environment, transport: transport, retry: retry, report: report)
    }

    private func plan(_ listing: RepositoryListing, _ hub: HubRepository) async throws -> PullPlan {
        let (cache, repository) = (environment.cache, reference.repository)
        let cached = Set(listing.files.filter { cache.hasBlob(of: $0, in: repository) })
        let chosen = try await selection.choose(
            from: listing.files, of: repository, isCached: { cache.hasBlob(of: $0, in: repository) },
            read: { try await hub.document($0, commit: listing.commit) })
        let files = chosen.files.map { PullPlan.File(remote: $0, isCached: cached.contains($0)) }
        return PullPlan(commit: listing.commit, files: files, notes: chosen.notes)
    }

    private func bring(_ plan: PullPlan, from hub: HubRepository) async throws -> PulledModel {
        let (cache, repository) = (environment.cache, reference.repository)
        // The largest files first, so that none is left for a single connection at the end.
        let missing = plan.files.map(\.remote).filter { !cache.hasBlob(of: $0, in: repository) }.sorted { $0.size > $1.size }
        let missingBytes = missing.reduce(0) { $0 + $1.size }
        hub.report(.selected(files: plan.files.count, bytes: plan.bytes, cached: plan.bytes - missingBytes))
        try checkSpace(for: missing)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, file) in missing.enumerated() {
                if index >= parallelFiles { try await group.next() }
                group.addTask { _ = try await BlobDownload(hub: hub, file: file, commit: plan.commit).run() }
            }
            try await group.waitForAll()
        }
        for file in plan.files { try cache.link(file.remote, of: repository, commit: plan.commit) }
        try cache.record(reference, at: plan.commit)
        let files = plan.files.map {
            PulledModel.File(path: $0.remote.path, bytes: $0.remote.size, wasCached: $0.isCached)
        }
        return PulledModel(
            folder: cache.snapshotFolder(repository, commit: plan.commit), commit: plan.commit, files: files, notes: plan.notes)
    }

    /// Checks the free disk space before the download.
    /// - Throws: `HubError.diskFull`.
    private func checkSpace(for files: [RemoteFile]) throws(HubError) {
        let cache = environment.cache
        var needed = 0
        for file in Set(files) {
            let partial = PartialFile.url(cache.blob(file.digest, of: reference.repository))
            let attributes = try? FileManager.default.attributesOfItem(atPath: partial.path)
            needed += max(file.size - ((attributes?[.size] as? Int) ?? 0), 0)
        }
        guard let available = cache.freeBytes, needed > available else { return }
        throw .diskFull(folder: cache.folder.path, needed: needed, available: available)
    }

    private func cached(note: String) -> PulledModel? {
        guard let folder = environment.cache.snapshot(of: reference) else { return nil }
        let files = environment.cache.files(in: folder).map {
            PulledModel.File(path: $0.path, bytes: $0.size, wasCached: true)
        }
        return PulledModel(folder: folder, commit: folder.lastPathComponent, files: files, notes: [note])
    }
}

/// The files that a pull selects.
public struct PullPlan: Sendable {
    public struct File: Sendable {
        public let remote: RemoteFile
        /// Whether the cache has the file's content.
        public let isCached: Bool
    }

    public let commit: String
    /// Files sorted by path.
    public let files: [File]
    /// Remarks on the selection, for the user.
    public let notes: [String]

    public var bytes: Int { files.reduce(0) { $0 + $1.remote.size } }
    public var cachedBytes: Int { files.reduce(0) { $0 + ($1.isCached ? $1.remote.size : 0) } }
}

/// A model in the cache.
public struct PulledModel: Sendable {
    public struct File: Sendable {
        public let path: String
        public let bytes: Int
        /// Whether the cache had the file before the pull.
        public let wasCached: Bool
    }

    /// The snapshot's folder.
    public let folder: URL
    public let commit: String
    /// Files sorted by path.
    public let files: [File]
    public let notes: [String]
}

/// An event during a pull.
public enum PullEvent: Sendable {
    /// The selection: number of files and their total bytes, of which `cached` are in the cache.
    case selected(files: Int, bytes: Int, cached: Int)
    /// Content that an earlier pull or another program has downloaded.
    case found(path: String, bytes: Int)
    case received(bytes: Int)
    /// Content that was reported before and turned out unusable.
    case discarded(path: String, bytes: Int, reason: String)
    case finished(path: String)
    /// Another program is downloading the file.
    case waiting(path: String)
    case retrying(what: String, reason: String, delay: Duration)
}
