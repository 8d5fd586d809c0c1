public import Foundation
public import Hub

/// Finds a speech model by its name or path, and fetches one that is not on this machine.
public struct SpeechModelLocation: Sendable {
    /// Environment variables: those of the hub's cache and of pip.
    public var variables = ProcessInfo.processInfo.environment
    public var retry = RetryPolicy()

    /// The model in the hub that is the default.
    static let standard = "openai/whisper-base"
    private static let standardLicence = "Apache 2.0"

    public init() {}

    public enum Event: Sendable {
        /// A sentence on the choice of the model.
        case note(String)
        /// The download that begins: name, size, licence and folder.
        case announcement(String)
        case pull(PullEvent)
    }

    public struct Model: Sendable, Equatable {
        public let folder: URL
        /// The name in messages.
        public let name: String
    }

    public typealias Report = @Sendable (Event) -> Void

    /// - Parameter name: a folder, the name of a model in the hub's cache, or of a packaged one
    ///   (`PackagedModel.speechModels`); nil for the default: `openai/whisper-base` of the hub or, where the hub can't be had,
    ///   `whisper-tiny.en`.
    /// - Throws: `ModelLocationError`, `ModelError.missing`; `HubError`, `PackageError`, `CancellationError`.
    public func resolve(_ name: String?, report: @escaping Report = { _ in }) async throws -> Model {
        guard let name else { return try await standard(report) }
        let isThere = try FileManager.default.fileExists(atPath: ModelLocation.file(name, of: "model").path)
        if !isThere, let packaged = PackagedModel.speechModels.first(where: { $0.name == name }) {
            return try await fetch(packaged, report)
        }
        return Model(folder: try ModelLocation.resolve(name), name: name)
    }

    private func standard(_ report: @escaping Report) async throws -> Model {
        let environment = try HubEnvironment(variables)
        if let folder = environment.cache.snapshot(repo: Self.standard), Self.isModel(folder) {
            return Model(folder: folder, name: Self.standard)
        }
        let small = PackagedModel.whisperTinyEnglish
        if let folder = try PythonIndex(variables).cache.folder(of: small) {
            report(.note("the model is \(small.name), for English, which was fetched earlier; --model names another"))
            return Model(folder: folder, name: small.name)
        }
        do {
            return try await pull(environment, report)
        } catch let error as HubError where error.isRefusal {
            report(.note("the hub's \(Self.standard) can't be had, so \(small.name) is taken, for English: \(error)"))
        }
        return try await fetch(small, report)
    }

    /// Another program may have brought files of the repository without weights.
    private static func isModel(_ folder: URL) -> Bool {
        ["model.safetensors", "model.safetensors.index.json", "openvino_encoder_model.xml"].contains {
            FileManager.default.fileExists(atPath: folder.appending(path: $0).path)
        }
    }

    private func pull(_ environment: HubEnvironment, _ report: @escaping Report) async throws -> Model {
        report(
            .announcement(
                "\(Self.standard), the default model, is fetched from the hub; licence \(Self.standardLicence); kept in "
                    + environment.cache.folder.path))
        var pull = ModelPull(try RepositoryReference(Self.standard), environment: environment)
        pull.retry = retry
        let pulled = try await pull.run { report(.pull($0)) }
        for note in pulled.notes { report(.note(note)) }
        return Model(folder: pulled.folder, name: Self.standard)
    }

    private func fetch(_ packaged: PackagedModel, _ report: @escaping Report) async throws -> Model {
        let folder = try await PackageFetch.folder(of: packaged, variables, retry: retry) {
            report(.announcement($0))
        } report: {
            report(.pull($0))
        }
        return Model(folder: folder, name: packaged.name)
    }
}

extension HubError {
    /// Whether the hub can't be had, or does not give the model; not for what is wrong on this machine.
    fileprivate var isRefusal: Bool {
        switch self {
        case .unauthorized, .forbidden, .repositoryNotFound, .revisionNotFound, .fileNotFound, .rateLimited, .serverFailure,
            .unexpectedAnswer, .offline, .unreachable:
            true
        default: false
        }
    }
}
