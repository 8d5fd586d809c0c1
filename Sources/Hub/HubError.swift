/// Why a model can't be pulled.
public enum HubError: Error, Equatable, Sendable {
    // What was asked for.
    case invalidRepository(String, reason: String)
    case invalidRevision(String, reason: String)
    /// A setting of the environment; its value is not repeated, as it may be a secret.
    case invalidSetting(name: String, reason: String)
    case noSuchFile(path: String, repository: String, similar: [String])
    case noSuchVariant(String, repository: String, found: [String])
    /// Weights are there, but in no form that is read here.
    case noUsableWeights(place: String, repository: String, found: [String])
    case nothingSelected(repository: String, reason: String)

    // What the hub says.
    case unauthorized(repository: String, endpoint: String, hasToken: Bool)
    case forbidden(repository: String, page: String, hasToken: Bool)
    case repositoryNotFound(repository: String, endpoint: String)
    case revisionNotFound(repository: String, revision: String)
    case fileNotFound(repository: String, path: String)
    /// - Parameter seconds: what the hub asks to wait, where it says.
    case rateLimited(host: String, seconds: Int?)
    case serverFailure(host: String, status: Int)
    case unexpectedAnswer(url: String, reason: String)
    /// A name from the hub that would be written outside of the snapshot's folder.
    case unsafePath(String, repository: String)

    // The way there.
    case offline(repository: String, revision: String, cached: [String])
    case unreachable(host: String, reason: String)
    case interrupted(path: String, received: Int, size: Int, reason: String)
    case wrongContent(path: String, expected: String, found: String)

    // The disk.
    case diskFull(folder: String, needed: Int, available: Int?)
    case cache(path: String, reason: String)
}

extension HubError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidRepository(let text, let reason):
            "'\(text)' names no repository: \(reason). Give OWNER/NAME, as in stabilityai/sd-turbo, or OWNER/NAME@REVISION."
        case .invalidRevision(let text, let reason):
            "'\(text)' is no revision: \(reason). Give a branch, a tag or a commit's 40 digits."
        case .invalidSetting(let name, let reason): "\(name) can't be used: \(reason)."
        case .noSuchFile(let path, let repository, let similar):
            "\(repository) has no file '\(path)'\(similar.isEmpty ? "" : "; it has \(Self.list(similar))")."
        case .noSuchVariant(let variant, let repository, let found):
            "\(repository) has no weights of variant '\(variant)'"
                + (found.isEmpty ? ", nor of any other." : "; it has \(Self.list(found)).")
        case .noUsableWeights(let place, let repository, let found):
            "\(place) of \(repository) has no .safetensors and no openvino_*.xml, but \(Self.list(found)), which Glint "
                + "does not read; look for another revision (such as refs/pr/1) or another repository of this model."
        case .nothingSelected(let repository, let reason): "Nothing of \(repository) is to be pulled: \(reason)."
        case .unauthorized(let repository, let endpoint, false):
            "\(endpoint) shows no repository \(repository) without a token: check the name, or if it is private "
                + "or gated, set HF_TOKEN."
        case .unauthorized(let repository, let endpoint, true):
            "\(endpoint) does not accept the token for \(repository): check HF_TOKEN (or the file of `hf auth login`) "
                + "and the name."
        case .forbidden(let repository, let page, false):
            "\(repository) is only for those who have accepted its licence: do so at \(page), then set HF_TOKEN."
        case .forbidden(let repository, let page, true):
            "HF_TOKEN gives no access to \(repository): accept its licence at \(page), or give the token the right to read it."
        case .repositoryNotFound(let repository, let endpoint): "\(endpoint) has no model repository \(repository)."
        case .revisionNotFound(let repository, let revision): "\(repository) has no revision '\(revision)'."
        case .fileNotFound(let repository, let path):
            "\(repository) lists the file \(path), but does not have it; try again later."
        case .rateLimited(let host, let seconds):
            "\(host) takes no more requests for now\(seconds.map { " (for \($0) s)" } ?? ""): try again later; with HF_TOKEN "
                + "set, more are allowed."
        case .serverFailure(let host, let status): "\(host) fails (status \(status)): try again later."
        case .unexpectedAnswer(let url, let reason): "The answer of \(url) can't be used: \(reason)."
        case .unsafePath(let path, let repository):
            "\(repository) has a file named '\(path)', which is no path within a folder: nothing was written."
        case .offline(let repository, let revision, let cached):
            "HF_HUB_OFFLINE is set, so \(repository)@\(revision) can't be asked for; the cache has "
                + (cached.isEmpty ? "no revision of it." : "of it: \(Self.list(cached)).")
        case .unreachable(let host, let reason):
            "\(host) can't be reached: \(reason). Check the network, HTTPS_PROXY and HF_ENDPOINT."
        case .interrupted(let path, let received, let size, let reason):
            "The connection broke at \(received) of \(size) bytes of \(path) (\(reason)), again and again: "
                + "the next pull goes on from there."
        case .wrongContent(let path, let expected, let found):
            "\(path) came with the wrong content twice (expected \(expected), found \(found)), and was removed: try again later, "
                + "or without the proxy or mirror."
        case .diskFull(let folder, let needed, let available):
            "The disk of \(folder) is full: \(Self.mebibytes(needed)) are still needed"
                + "\(available.map { ", \(Self.mebibytes($0)) are free" } ?? ""). "
                + "Make room, or set HF_HUB_CACHE to a folder elsewhere."
        case .cache(let path, let reason): "The cache can't be used: \(path): \(reason)."
        }
    }

    private static func mebibytes(_ bytes: Int) -> String { "\(bytes >> 20) MiB" }

    /// The first few of `names`, in words.
    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(6).joined(separator: ", ")
        return names.count > 6 ? "\(shown) and \(names.count - 6) more" : shown
    }
}
