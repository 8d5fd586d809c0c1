/// A model repository of the hub at a revision.
public struct RepositoryReference: Hashable, Sendable, CustomStringConvertible {
    /// `owner/name`.
    public let repository: String
    /// Branch, tag, or commit hash of 40 digits.
    public let revision: String

    public var description: String { "\(repository)@\(revision)" }

    /// Parses `owner/name` or `owner/name@revision`. The default revision is `main`.
    /// - Throws: `HubError.invalidRepository`, `.invalidRevision`.
    public init(_ text: String) throws(HubError) {
        guard let at = text.firstIndex(of: "@") else {
            try self.init(repository: text)
            return
        }
        try self.init(repository: String(text[..<at]), revision: String(text[text.index(after: at)...]))
    }

    /// - Throws: `HubError.invalidRepository`, `.invalidRevision`.
    public init(repository: String, revision: String = "main") throws(HubError) {
        try Self.check(repository: repository)
        try Self.check(revision: revision)
        self.repository = repository
        self.revision = revision
    }

    /// Whether the revision is a commit, which never changes.
    var isCommit: Bool { revision.isHex(count: 40) }

    /// Checks the hub's rules: letters, digits, `-`, `_` and `.`, at most 96 characters, and no part that is unsafe in a path.
    private static func check(repository: String) throws(HubError) {
        func refuse(_ reason: String) -> HubError { .invalidRepository(repository, reason: reason) }
        guard !repository.contains("://") else { throw refuse("it is a URL") }
        let parts = repository.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw refuse("it is not of the form OWNER/NAME") }
        guard repository.utf8.count <= 96 else { throw refuse("it is longer than 96 characters") }
        for part in parts {
            guard !part.isEmpty else { throw refuse("it is not of the form OWNER/NAME") }
            guard part.utf8.allSatisfy({ $0.isWordByte || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }) else {
                throw refuse("it may hold letters, digits, '-', '_' and '.' only")
            }
            guard !part.hasPrefix("-"), !part.hasPrefix("."), !part.hasSuffix("-"), !part.hasSuffix("."),
                !part.contains("--"), !part.contains("..")
            else { throw refuse("'-' and '.' may neither begin nor end a part, nor stand twice in a row") }
        }
    }

    /// Checks git's rules for reference names, as far as they matter for file names.
    private static func check(revision: String) throws(HubError) {
        func refuse(_ reason: String) -> HubError { .invalidRevision(revision, reason: reason) }
        guard !revision.isEmpty else { throw refuse("it is empty") }
        guard revision.utf8.count <= 200 else { throw refuse("it is longer than 200 bytes") }
        let forbidden = Set(" ~^:?*[\\@".utf8)
        guard revision.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && !forbidden.contains($0) }) else {
            throw refuse("it holds a character that git does not allow")
        }
        for part in revision.split(separator: "/", omittingEmptySubsequences: false) {
            guard !part.isEmpty, !part.hasPrefix("."), !part.contains(".."), !part.hasPrefix("-") else {
                throw refuse("no part of it may be empty or begin with '.' or '-', or have '..'")
            }
        }
    }
}

extension String {
    /// Whether the string is `count` lower-case hexadecimal digits.
    func isHex(count: Int) -> Bool {
        utf8.count == count
            && utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }
}

extension UInt8 {
    fileprivate var isWordByte: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
