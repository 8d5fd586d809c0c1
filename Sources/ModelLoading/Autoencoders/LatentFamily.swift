import Foundation
import TensorStore

/// A family of models with compatible latents.
///
/// Within a family any autoencoder fits any model. Across families the shapes agree too, but pictures have wrong colours.
public enum LatentFamily: String, Sendable, CaseIterable {
    /// Stable Diffusion 1 and 2, and models trained from them.
    case sd
    case sdxl
}

extension LatentFamily: CustomStringConvertible {
    public var description: String {
        switch self {
        case .sd: "Stable Diffusion 1 and 2"
        case .sdxl: "Stable Diffusion XL"
        }
    }

    /// The factor of latents after encoding.
    var scalingFactor: Double {
        switch self {
        case .sd: 0.18215
        case .sdxl: 0.13025
        }
    }

    init?(scalingFactor: Double) {
        guard let family = Self.allCases.first(where: { abs($0.scalingFactor - scalingFactor) < 1e-6 }) else { return nil }
        self = family
    }
}

/// The latent family of an autoencoder, and the evidence for it.
///
/// Tensor shapes are no evidence: TAESD and TAESDXL, and the autoencoders of Stable Diffusion 1 and XL, differ in their values
/// alone.
struct LatentFamilyEvidence: Sendable, Equatable {
    let family: LatentFamily
    /// The evidence, for messages.
    let source: String

    init(family: LatentFamily, source: String) {
        self.family = family
        self.source = source
    }

    /// The evidence in a diffusers config: the scaling factor of an `AutoencoderKL`, or the name that a tiny one was loaded from;
    /// otherwise the folder's name.
    init?(config: JSONValue, folder: URL, isTiny: Bool) {
        if !isTiny {
            guard let found = LatentFamily(scalingFactor: config["scaling_factor"]?.double ?? LatentFamily.sd.scalingFactor)
            else {
                return nil
            }
            self.init(family: found, source: "its scaling_factor")
            return
        }
        if let name = config["_name_or_path"]?.string, let found = Self.family(ofTiny: name) {
            self.init(family: found, source: "its _name_or_path '\(name)'")
        } else if let found = Self.family(ofTiny: folder.lastPathComponent) {
            self.init(family: found, source: "the name of its folder")
        } else {
            return nil
        }
    }

    /// The evidence in TAESD's own files: their contents, or else their names.
    /// - Throws: `FileError`.
    init?(tinyFiles: [URL]) throws {
        for file in tinyFiles {
            guard let found = try Self.published(file) else { continue }
            self.init(family: found, source: "the SHA-256 of \(file.lastPathComponent)")
            return
        }
        guard let name = tinyFiles.first?.lastPathComponent, let found = Self.family(ofTiny: name) else { return nil }
        self.init(family: found, source: "its name")
    }

    /// The evidence in the name of a single-file `AutoencoderKL`: `sdxl_vae`, `vae-ft-mse-840000-ema-pruned` …
    init?(autoencoderFile url: URL) {
        let name = url.deletingPathExtension().lastPathComponent.lowercased()
        if name.contains("sdxl") || name.contains("xl_vae") || name.contains("xl-vae") {
            self.init(family: .sdxl, source: "its name")
        } else if name.contains("vae-ft-") {
            self.init(family: .sd, source: "its name")
        } else {
            return nil
        }
    }

    private static func family(ofTiny name: String) -> LatentFamily? {
        let name = name.lowercased()
        if name.contains("taesdxl") || name.contains("taesd_xl") || name.contains("taesd-xl") { return .sdxl }
        // taesd3 is for Stable Diffusion 3.
        return name.contains("taesd") && !name.contains("taesd3") ? .sd : nil
    }

    // MARK: Published files

    /// SHA-256 of the files of https://github.com/madebyollin/taesd.
    private static let digests: [String: LatentFamily] = [
        "d903e7cc3ae58f21d985a3498a841fa8b230edccff7ac5d27607b0c557945c6f": .sd,
        "a6b8c0fda4aad50784e543389e0239c72c5e31e9775c9e612ea8333bf3a77dcb": .sd,
        "ae5256b046b01d577279ed93a55bbb1fb2689e55aa14cfc0f7f841e0160202a5": .sdxl,
        "3d78013286676a1a51074831230f90972e573698fe4b11416d6f28e0cd5bbe7e": .sdxl,
    ]
    /// A limit above the size of all of them.
    private static let sizeLimit = 4 << 20

    private static func published(_ url: URL) throws -> LatentFamily? {
        let file = try MappedFile(path: url.path)
        guard file.byteCount <= sizeLimit else { return nil }
        var hash = SHA(.sha256)
        file.withUnsafeBytes { hash.update($0) }
        return digests[hash.hexDigits()]
    }
}
