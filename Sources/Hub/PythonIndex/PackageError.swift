/// An error of fetching a model from the Python package index.
public enum PackageError: Error, Equatable, Sendable {
    /// An invalid environment variable. Its value is not shown, since it may have a password.
    case invalidSetting(name: String, reason: String)
    /// A variable forbids requests.
    case offline(model: String, setting: String)
    case unreachable(host: String, reason: String)
    case refused(host: String, status: Int, package: String)
    /// The index has the package, but not this file of it.
    case noSuchFile(String, host: String)
    case unexpectedAnswer(url: String, reason: String)
    case interrupted(file: String, received: Int, size: Int, reason: String)
    case wrongContent(file: String, expected: String, found: String)
    /// An archive that can't be unpacked.
    case damaged(file: String, reason: String)
    case diskFull(folder: String, needed: Int, available: Int?)
    case cache(path: String, reason: String)
}

extension PackageError: CustomStringConvertible {
    private var alternatives: String { "--model for a model, GLINT_TOKENIZERS_LIBRARY for that library" }

    public var description: String {
        switch self {
        case .invalidSetting(let name, let reason): "\(name) can't be used: \(reason)."
        case .offline(let model, let setting):
            "\(setting) is set, so \(model) can't be downloaded, and the cache does not have it: unset it, or name a "
                + "copy on this machine: \(alternatives)."
        case .unreachable(let host, let reason):
            "\(host) can't be reached: \(reason). Check the network, HTTPS_PROXY and PIP_INDEX_URL, or name a copy on "
                + "this machine: \(alternatives)."
        case .refused(let host, let status, let package):
            "\(host) answers with status \(status) for \(package): check PIP_INDEX_URL, or try again later."
        case .noSuchFile(let file, let host): "\(host) does not have \(file): check PIP_INDEX_URL."
        case .unexpectedAnswer(let url, let reason): "The response of \(url) can't be used: \(reason). Check PIP_INDEX_URL."
        case .interrupted(let file, let received, let size, let reason):
            "The connection broke repeatedly at \(received) of \(size) bytes of \(file) (\(reason)): run the command again, "
                + "which resumes there."
        case .wrongContent(let file, let expected, let found):
            "\(file) was received with wrong content twice (expected \(expected), found \(found)) and removed: try again "
                + "later, or with another PIP_INDEX_URL."
        case .damaged(let file, let reason): "\(file) can't be unpacked: \(reason)."
        case .diskFull(let folder, let needed, let available):
            "The disk of \(folder) is full: \(needed >> 20) MiB are still needed"
                + "\(available.map { ", \($0 >> 20) MiB are free" } ?? ""). "
                + "Make room, or set XDG_CACHE_HOME to a folder elsewhere."
        case .cache(let path, let reason): "The cache can't be used: \(path): \(reason)."
        }
    }

    /// The error of a request or a file.
    init(_ error: HubError) {
        switch error {
        case .unreachable(let host, let reason): self = .unreachable(host: host, reason: reason)
        case .interrupted(let path, let received, let size, let reason):
            self = .interrupted(file: path, received: received, size: size, reason: reason)
        case .wrongContent(let path, let expected, let found):
            self = .wrongContent(file: path, expected: expected, found: found)
        case .diskFull(let folder, let needed, let available):
            self = .diskFull(folder: folder, needed: needed, available: available)
        case .cache(let path, let reason): self = .cache(path: path, reason: reason)
        case .invalidSetting(let name, let reason): self = .invalidSetting(name: name, reason: reason)
        case .unexpectedAnswer(let url, let reason): self = .unexpectedAnswer(url: url, reason: reason)
        default: self = .unexpectedAnswer(url: "the index", reason: "\(error)")
        }
    }

    /// The error that a failure means for a package.
    init(_ failure: TransportFailure, package: String) {
        switch failure {
        case .connection(let host, let reason): self = .unreachable(host: host, reason: reason)
        case .status(let status, let host, _, _, _): self = .refused(host: host, status: status, package: package)
        }
    }
}
