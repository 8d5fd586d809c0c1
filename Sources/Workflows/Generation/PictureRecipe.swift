public import Diffusion
import Foundation
import Imaging

/// The way in which a picture was drawn, by its file: a description by this program, or the parameters of AUTOMATIC1111's web UI,
/// in a PNG's `parameters` or EXIF's `UserComment`.
public struct PictureRecipe: Sendable {
    public private(set) var description: GenerationDescription
    /// The parts of the picture's parameters that were not taken over, and reasons for a different picture, a sentence each.
    public private(set) var notes: [String] = []
    /// Notes on files that are elsewhere than they were, or have changed, with their paths.
    private var fileNotes: [(path: String, text: String)] = []
    /// The name and hash of the web UI's model.
    private var checkpoint: (name: String, hash: String?)?
    /// The share of the steps that changed an initial picture, in the web UI.
    private var strength: Double?

    /// - Throws: `PictureMetadataError`; `ImageError`, `FileError` for a file that is not a picture.
    public init(pictureAt path: String) throws {
        let metadata = try ImageFile(path: path).metadata
        if let own = try GenerationDescription(metadata, picture: path) {
            let (located, notes) = own.locatingFiles(picture: path)
            self.init(located)
            fileNotes = notes
            return
        }
        let texts = [ImageMetadata.parametersKey, ImageMetadata.userCommentKey].compactMap { metadata[$0] }
        guard let parameters = texts.map(WebUIParameters.init).first(where: { $0["Steps"] != nil || $0["Sampler"] != nil }) else {
            throw PictureMetadataError.none(picture: path)
        }
        self.init(parameters)
    }

    private init(_ description: GenerationDescription) { self.description = description }

    init(_ parameters: WebUIParameters) {
        self.init(GenerationDescription(request: GenerationRequest(parameters.prompt)))
        if !parameters.negativePrompt.isEmpty { description.request.negativePrompt = parameters.negativePrompt }
        var reader = Reader(parameters)
        read(&reader)
        if !reader.ignored.isEmpty { notes.append("Not taken over: \(reader.ignored.joined(separator: ", ")).") }
    }

    /// The description with the options that were given beside the picture, and with the notes that depend on them.
    public func completing(_ given: GenerationDescription) -> (GenerationDescription, notes: [String]) {
        var (given, notes) = (given, notes)
        notes += fileNotes.filter { given.paths.contains($0.path) }.map(\.text)
        if let strength {
            if given.request.image == nil {
                notes.append(
                    "The picture was drawn from another one, with a denoising strength of \(strength); give that one with --image."
                )
            } else if given.request.strength == nil {
                given.request.strength = strength
            }
        }
        if let checkpoint, !given.model.isNamed(checkpoint.name) {
            notes.append(
                "The picture was drawn with the model \(checkpoint.name)\(checkpoint.hash.map { " (\($0))" } ?? ""); "
                    + "the one given is \(given.model.model ?? "the repository's emoji-lcm"). Another one is given with --model.")
        }
        return (given, notes)
    }
}

// MARK: The web UI's parameters

extension PictureRecipe {
    /// Takes parameters by name, and collects those that are not used.
    private struct Reader {
        private var fields: [WebUIParameters.Field]
        /// Parameters that were not taken over.
        var ignored: [String] { fields.map { "\($0.key): \($0.value.prefix(60).replacing("\n", with: " "))" } }

        init(_ parameters: WebUIParameters) { fields = parameters.fields }

        func has(_ prefix: String) -> Bool { fields.contains { $0.key.hasPrefix(prefix) } }

        /// The value of a parameter, which is then used; a value that `convert` refuses stays.
        mutating func take<Value>(_ key: String, _ convert: (String) -> Value?) -> Value? {
            guard let index = fields.firstIndex(where: { $0.key == key }), let value = convert(fields[index].value) else {
                return nil
            }
            fields.remove(at: index)
            return value
        }

        mutating func text(_ key: String) -> String? { take(key) { $0.isEmpty ? nil : $0 } }
    }

    private mutating func read(_ reader: inout Reader) {
        var request = description.request
        request.numInferenceSteps = reader.take("Steps") { Int($0) }
        request.guidanceScale = reader.take("CFG scale") { Double($0).flatMap { $0.isFinite ? $0 : nil } }
        if let seed = reader.take("Seed", { UInt64($0) }) { request.seed = seed }
        let size = reader.take("Size") { text -> (Int, Int)? in
            let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
            guard sides.count == 2, let width = sides[0], let height = sides[1] else { return nil }
            return (width, height)
        }
        (request.width, request.height) = (size?.0, size?.1)
        // Layers as the web UI counts them: 1 is the last one.
        let skip = reader.take("Clip skip") { text -> ClipSkip?? in
            Int(text).flatMap { $0 == 1 ? .some(nil) : $0 > 1 ? (try? ClipSkip($0 - 1)).map { .some($0) } : nil }
        }
        request.clipSkip = skip ?? nil
        readSampler(&reader, &request)
        // With a second pass at a larger size, the strength is that pass's.
        if !reader.has("Hires") {
            strength = reader.take("Denoising strength") { Double($0).flatMap { $0 > 0 && $0 <= 1 ? $0 : nil } }
        }
        description.request = request
        readOrigin(&reader)
    }

    private mutating func readSampler(_ reader: inout Reader, _ request: inout GenerationRequest) {
        let type = reader.text("Schedule type")
        guard let name = reader.text("Sampler") else { return }
        guard let scheduler = WebUISampler(name: name, scheduleType: type).scheduler else {
            notes.append("The sampler '\(name)' is not known here; the model's own is taken.")
            return
        }
        request.scheduler = .named(scheduler.name)
        request.schedulerOptions.timestepSpacing = scheduler.timestepSpacing
        notes += scheduler.notes
        guard scheduler.name == "ddim" else { return }
        request.eta = reader.take("Eta DDIM") { Double($0).flatMap { (0...1).contains($0) ? $0 : nil } }
    }

    private mutating func readOrigin(_ reader: inout Reader) {
        let hash = reader.text("Model hash")
        checkpoint = reader.text("Model").map { ($0, hash) }
        for key in ["Version", "User", "Hashes", "VAE hash", "Lora hashes", "TI hashes"] { _ = reader.take(key) { $0 } }
        switch reader.take("RNG", { $0 }) {
        case "CPU": break
        case "NV": notes.append("The web UI's noise imitates a GPU's, so the picture differs.")
        default: notes.append("The web UI draws noise on the GPU unless it is told otherwise, so the picture differs.")
        }
    }
}

extension ModelDescription {
    /// Whether the model has a name of the web UI's, which is that of its file without the ending.
    fileprivate func isNamed(_ name: String) -> Bool {
        func stem(_ path: String) -> String {
            let file = path.split { "/\\".contains($0) }.last.map(String.init) ?? path
            let isFile = [".safetensors", ".ckpt"].contains { file.lowercased().hasSuffix($0) }
            return (isFile ? String(file[..<(file.lastIndex(of: ".") ?? file.endIndex)]) : file).lowercased()
        }
        return model.map { stem($0) == stem(name) } ?? (stem(name) == "emoji-lcm")
    }
}
