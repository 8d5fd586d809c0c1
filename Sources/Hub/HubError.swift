/// An error of downloading a model from the hub.
public enum HubError: Error, Equatable, Sendable {
    // Errors of the request.
    case invalidRepository(String, reason: String)
    case invalidRevision(String, reason: String)
    /// An invalid environment variable. Its value is not shown, since it may be a secret.
    case invalidSetting(name: String, reason: String)
    case noSuchFile(path: String, repository: String, similar: [String])
    case noSuchVariant(String, repository: String, found: [String])
    /// Weights exist only in formats that Glint does not read.
    case noUsableWeights(place: String, repository: String, found: [String])
    case nothingSelected(repository: String, reason: String)

    // Errors of the hub.
    case unauthorized(repository: String, endpoint: String, hasToken: Bool)
    case forbidden(repository: String, page: String, hasToken: Bool)
    case repositoryNotFound(repository: String, endpoint: String)
    case revisionNotFound(repository: String, revision: String)
    case fileNotFound(repository: String, path: String)
    /// - Parameter seconds: delay that the hub asks for, if any.
    case rateLimited(host: String, seconds: Int?)
    case serverFailure(host: String, status: Int)
    case unexpectedAnswer(url: String, reason: String)
    /// A file name that would be written outside the snapshot's folder.
    case unsafePath(String, repository: String)

    // Errors of the connection.
    case offline(repository: String, revision: String, cached: [String])
    case unreachable(host: String, reason: String)
    case interrupted(path: String, received: Int, size: Int, reason: String)
    case wrongContent(path: String, expected: String, found: String)

    // Errors of the disk.
    case diskFull(folder: String, needed: Int, available: Int?)
    case cache(path: String, reason: String)
}

extension HubError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidRepository(let text, let reason):
            "'\(text)' is not a repository: \(reason). Give OWNER/NAME, as in stabilityai/sd-turbo, or OWNER/NAME@REVISION."
        case .invalidRevision(let text, let reason):
            "'\(text)' is not a revision: \(reason). Give a branch, a tag or a commit hash of 40 digits."
        case .invalidSetting(let name, let reason): "\(name) can't be used: \(reason)."
        case .noSuchFile(let path, let repository, let similar):
            "\(repository) has no file '\(path)'\(similar.isEmpty ? "" : "; it has \(Self.list(similar))")."
        case .noSuchVariant(let variant, let repository, let found):
            "\(repository) has no weights of variant '\(variant)'"
                + (found.isEmpty ? ", nor of any other." : "; it has \(Self.list(found)).")
        case .noUsableWeights(let place, let repository, let found):
            "\(place) of \(repository) has no .safetensors and no openvino_*.xml, but \(Self.list(found)), which Glint "
                + "does not read; look for another revision (such as refs/pr/1) or another repository of this model."
        case .nothingSelected(let repository, let reason): "No file of \(repository) is selected: \(reason)."
        case .unauthorized(let repository, let endpoint, false):
            "\(endpoint) has no public repository \(repository): check the name, or if it is private "
                + "or gated, set HF_TOKEN."
        case .unauthorized(let repository, let endpoint, true):
            "\(endpoint) does not accept the token for \(repository): check HF_TOKEN (or the file of `hf auth login`) "
                + "and the name."
        case .forbidden(let repository, let page, false):
            "\(repository) requires accepting its licence: do so at \(page), then set HF_TOKEN."
        case .forbidden(let repository, let page, true):
            "HF_TOKEN gives no access to \(repository): accept its licence at \(page), or give the token the right to read it."
        case .repositoryNotFound(let repository, let endpoint): "\(endpoint) has no model repository \(repository)."
        case .revisionNotFound(let repository, let revision): "\(repository) has no revision '\(revision)'."
        case .fileNotFound(let repository, let path):
            "\(repository) lists the file \(path), but does not have it; try again later."
        case .rateLimited(let host, let seconds):
            "\(host) limits the rate of requests\(seconds.map { " (for \($0) s)" } ?? ""): try again later, or set HF_TOKEN "
                + "for a higher limit."
        case .serverFailure(let host, let status): "\(host) failed with status \(status): try again later."
        case .unexpectedAnswer(let url, let reason): "The response of \(url) can't be used: \(reason)."
        case .unsafePath(let path, let repository):
            "\(repository) has a file named '\(path)', which is not a path within a folder: nothing was written."
        case .offline(let repository, let revision, let cached):
            "HF_HUB_OFFLINE is set, so \(repository)@\(revision) can't be requested; the cache has "
                + (cached.isEmpty ? "no revision of it." : "of it: \(Self.list(cached)).")
        case .unreachable(let host, let reason):
            "\(host) can't be reached: \(reason). Check the network, HTTPS_PROXY and HF_ENDPOINT."
        case .interrupted(let path, let received, let size, let reason):
            "The connection broke repeatedly at \(received) of \(size) bytes of \(path) (\(reason)): "
                + "the next pull resumes there."
        case .wrongContent(let path, let expected, let found):
            "\(path) was received with wrong content twice (expected \(expected), found \(found)) and removed: try again later, "
                + "or without the proxy or mirror."
        case .diskFull(let folder, let needed, let available):
            "The disk of \(folder) is full: \(Self.mebibytes(needed)) are still needed"
                + "\(available.map { ", \(Self.mebibytes($0)) are free" } ?? ""). "
                + "Make room, or set HF_HUB_CACHE to a folder elsewhere."
        case .cache(let path, let reason): "The cache can't be used: \(path): \(reason)."
        }
    }

    private static func mebibytes(_ bytes: Int) -> String { "\(bytes >> 20) MiB" }

    /// The first few of `names`, as text.
    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(6).joined(separator: ", ")
        return names.count > 6 ? "\(shown) and \(names.count - 6) more" : shown
    }
}
