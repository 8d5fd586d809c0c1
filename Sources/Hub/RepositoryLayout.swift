import TensorStore

/// What a repository holds, and what of it is needed.
struct RepositoryLayout {
    let files: [RemoteFile]
    let repository: String
    let variant: FileSelection.Variant

    static let index = "model_index.json"
    /// What a pipeline runs without.
    private static let optional: Set = ["safety_checker", "feature_extractor", "image_encoder"]

    func choose(
        isCached: (RemoteFile) -> Bool, read: (RemoteFile) async throws -> JSONValue
    ) async throws -> (files: [RemoteFile], notes: [String]) {
        let folders = Dictionary(grouping: files, by: \.folder)
        let root = folders[""] ?? []
        guard let index = root.first(where: { $0.name == Self.index }) else {
            let component = ComponentFiles(root, place: "the root", repository: repository)
            return try await choose([component], besides: component.otherWeights, isCached: isCached, read: read)
        }
        let names = Self.componentNames(try await read(index))
        // Exported to IR, a VAE lies in two folders that the index doesn't always name.
        let exported = folders.keys.filter { folder in
            !folder.contains("/") && folders[folder]?.contains(where: \.isNetworkIR) == true
        }
        let components = Set(names + exported).subtracting([""]).sorted().compactMap { name in
            folders[name].map {
                ComponentFiles(
                    $0, place: "the component '\(name)'", repository: repository, isOptional: Self.optional.contains(name))
            }
        }
        guard !components.isEmpty else {
            throw HubError.nothingSelected(
                repository: repository, reason: "its model_index.json names no component that it has files of")
        }
        var (chosen, notes) = try await choose(components, besides: [index], isCached: isCached, read: read)
        let missing = exported.isEmpty ? names.filter { folders[$0] == nil } : []
        notes += missing.map { "model_index.json names a component '\($0)' that the repository has no files of" }
        chosen.sort { $0.path < $1.path }
        return (chosen, notes)
    }

    /// The components that a `model_index.json` names a class for.
    static func componentNames(_ index: JSONValue) -> [String] {
        (index.object.map(Array.init) ?? []).filter { key, value in
            guard !key.hasPrefix("_"), let pair = value.array, pair.count == 2 else { return false }
            return pair[1].string != nil
        }.map(\.key)
    }

    private func choose(
        _ components: [ComponentFiles], besides others: [RemoteFile], isCached: (RemoteFile) -> Bool,
        read: (RemoteFile) async throws -> JSONValue
    ) async throws -> (files: [RemoteFile], notes: [String]) {
        var chosen = others
        var notes: [String] = []
        let variants = Set(components.flatMap(\.variants))
        if case .named(let name) = variant, !variants.contains(name) {
            throw HubError.noSuchVariant(
                name, repository: repository, found: variants.map { $0.isEmpty ? "full" : $0 }.sorted())
        }
        var taken: [String: String] = [:]
        for component in components {
            chosen += component.texts
            if let form = component.form(variant, isCached: isCached) {
                chosen += try await component.weights(form, read: read)
                taken[component.place] = form
            } else if !component.networks.isEmpty {
                chosen += try component.networkFiles()
            } else if !component.unreadable.isEmpty && component.otherWeights.isEmpty {
                let found = component.unreadable.map(\.name).sorted()
                guard component.isOptional else {
                    throw HubError.noUsableWeights(place: component.place, repository: repository, found: found)
                }
                notes.append("\(component.place) is left out: it has its weights only as \(found.joined(separator: ", "))")
            }
            chosen += component.tokenizerNetworkFiles()
        }
        return (chosen, notes + variantNotes(taken, offered: variants))
    }

    private func variantNotes(_ taken: [String: String], offered: Set<String>) -> [String] {
        let forms = Set(taken.values)
        switch variant {
        case .automatic:
            return forms.contains("fp16") && offered.contains("")
                ? ["the f16 weights are taken; --variant full takes those in full precision"] : []
        case .full:
            let others = forms.subtracting([""])
            return others.isEmpty
                ? [] : ["there are no full weights of some parts; taken: \(others.sorted().joined(separator: ", "))"]
        case .named(let name):
            let others = taken.filter { $0.value != name }.keys.sorted()
            return others.isEmpty ? [] : ["no variant '\(name)' of \(others.joined(separator: ", ")): taken in full"]
        }
    }
}
