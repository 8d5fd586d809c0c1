import Foundation
public import Hub

/// The JSON of a pull, or of what one would bring.
public struct PullReport: Encodable, Sendable {
    public struct File: Encodable, Sendable {
        public let path: String
        public let bytes: Int
        public let cached: Bool
    }

    public let repository: String
    public let revision: String
    public let commit: String
    /// The snapshot's folder; nil before the pull.
    public let path: String?
    public let files: [File]
    public let notes: [String]
    public let receivedBytes: Int?
    public let seconds: Double?

    enum CodingKeys: String, CodingKey {
        case repository, revision, commit, path, files, notes, seconds
        case receivedBytes = "received_bytes"
    }

    public init(_ reference: RepositoryReference, _ model: PulledModel, receivedBytes: Int, duration: Duration) {
        (repository, revision, commit) = (reference.repository, reference.revision, model.commit)
        path = model.folder.path
        files = model.files.map { File(path: $0.path, bytes: $0.bytes, cached: $0.wasCached) }
        notes = model.notes
        self.receivedBytes = receivedBytes
        seconds = duration.seconds
    }

    public init(_ reference: RepositoryReference, _ plan: PullPlan) {
        (repository, revision, commit) = (reference.repository, reference.revision, plan.commit)
        path = nil
        files = plan.files.map { File(path: $0.remote.path, bytes: $0.remote.size, cached: $0.isCached) }
        notes = plan.notes
        (receivedBytes, seconds) = (nil, nil)
    }
}
