public import Foundation
public import Inference
import OpenVINO
import TensorStore

/// The settings of a machine that were found to be the fastest for a model.
public struct TunedSettings: Codable, Sendable, Equatable {
    /// nil for the device's choice.
    public var threads: Int?
    /// nil for one.
    public var streams: Int?
    public var precision: CompileOptions.Precision

    public init(threads: Int? = nil, streams: Int? = nil, precision: CompileOptions.Precision = .f32) {
        self.threads = threads
        self.streams = streams
        self.precision = precision
    }

    private enum CodingKeys: String, CodingKey { case threads, streams, precision }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        threads = try container.decodeIfPresent(Int.self, forKey: .threads)
        streams = try container.decodeIfPresent(Int.self, forKey: .streams)
        let name = try container.decode(String.self, forKey: .precision)
        guard let precision = CompileOptions.Precision(rawValue: name), (threads ?? 1) > 0, (streams ?? 1) > 0 else {
            throw DecodingError.dataCorruptedError(forKey: .precision, in: container, debugDescription: "unknown settings")
        }
        self.precision = precision
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(threads, forKey: .threads)
        try container.encodeIfPresent(streams, forKey: .streams)
        try container.encode(precision.rawValue, forKey: .precision)
    }

    /// The options with these settings in place of what they leave open.
    /// - Parameters:
    ///   - keepsThreads: whether threads are the caller's choice.
    ///   - keepsPrecision: likewise the precision.
    public func applied(to options: CompileOptions, keepsThreads: Bool, keepsPrecision: Bool) -> CompileOptions {
        var options = options
        if !keepsThreads {
            options.threads = threads
            if let streams { options.properties.set(.numStreams(.count(streams))) }
        }
        if !keepsPrecision { options.precision = precision }
        return options
    }
}

/// Keeps tuned settings: a small file for each model, machine and version of the runtime.
public struct TunedSettingsStore: Sendable {
    private let folder: URL?
    private let machine: String

    /// - Parameters:
    ///   - folder: nil for none, where nothing is found or kept.
    ///   - machine: all that the settings depend on but the model.
    public init(folder: URL? = Self.standardFolder, machine: String = Self.machine) {
        self.folder = folder
        self.machine = machine
    }

    /// `tuned` in the user's cache folder.
    public static var standardFolder: URL? { UserCache.folder?.appending(path: "tuned") }

    /// The processor, its cores and the runtime's version.
    public static var machine: String {
        let processor = Processor.current
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let version = (try? Version.runtime.build) ?? "unknown"
        return "\(processor.name) \(processor.features.sorted().joined(separator: " ")) \(cores) \(version)"
    }

    /// The file of a model's settings; nil where there is no folder, or the model can't be read.
    public func file(of model: URL) -> URL? {
        guard let folder else { return nil }
        var fingerprints = Fingerprints()
        guard let fingerprint = fingerprints.of(model) else { return nil }
        var digest = SHA(.sha256)
        Array(machine.utf8).withUnsafeBytes { digest.update($0) }
        return folder.appending(path: "\(fingerprint)-\(digest.hexDigits().prefix(16)).json")
    }

    /// The settings kept for a model; nil where there are none, or they can't be read.
    public func settings(of model: URL) -> TunedSettings? {
        // Where nothing was tuned, no model is read for its fingerprint.
        guard let folder, FileManager.default.fileExists(atPath: folder.path) else { return nil }
        guard let file = file(of: model), let data = try? Data(contentsOf: file) else { return nil }
        return try? JSONDecoder().decode(TunedSettings.self, from: data)
    }

    /// - Throws: the errors of writing; `TuningError.noFolder`.
    public func keep(_ settings: TunedSettings, for model: URL) throws {
        guard let folder, let file = file(of: model) else { throw TuningError.noFolder }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try settings.reportJSON().write(to: file, options: .atomic)
    }
}

public enum TuningError: Error, Equatable, CustomStringConvertible {
    case noFolder

    public var description: String {
        "Settings can't be kept: there is no home folder. Set HOME or XDG_CACHE_HOME, or give the settings at each command."
    }
}
