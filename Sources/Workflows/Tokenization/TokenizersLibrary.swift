public import Foundation
public import Hub

/// The extension library of openvino_tokenizers, fetched from the package index at the first use.
public struct TokenizersLibrary: Sendable {
    /// Environment variables: those of pip, and `GLINT_TOKENIZERS_LIBRARY`, the path of another library.
    public var variables = ProcessInfo.processInfo.environment
    public var retry = RetryPolicy()

    public init() {}

    /// `openvino-tokenizers` 2026.4.1.0, of the version of the runtime.
    static let package = PackagedModel(
        name: "openvino-tokenizers-2026.4.1.0", licence: "Apache 2.0",
        packages: [
            .init(
                name: "openvino-tokenizers", fileName: "openvino_tokenizers-2026.4.1.0-py3-none-manylinux_2_28_x86_64.whl",
                byteCount: 1_857_119, sha256: "f30dc9d6dd9e485b10495bcf72fc257f33bf35938da783fbb8f17c98c5ab517f")
        ],
        files: [.init("libopenvino_tokenizers.so", [(0, "openvino_tokenizers/lib/libopenvino_tokenizers.so")])],
        byteCount: 4_204_896)

    public enum Event: Sendable {
        /// The download that begins.
        case announcement(String)
        case pull(PullEvent)
    }

    /// The path of the library.
    /// - Throws: `PackageError`, `CancellationError`.
    public func path(report: @escaping @Sendable (Event) -> Void = { _ in }) async throws -> String {
        if let path = variables["GLINT_TOKENIZERS_LIBRARY"], !path.isEmpty { return path }
        let package = Self.package
        let folder = try await PackageFetch.folder(
            of: package, variables, retry: retry, purpose: ", which runs tokenizers in OpenVINO's format,"
        ) {
            report(.announcement($0))
        } report: {
            report(.pull($0))
        }
        return folder.appending(path: package.files[0].name).path
    }
}
