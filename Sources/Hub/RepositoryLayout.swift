import TensorStore

/// The components of a repository, and the selection of their files.
struct RepositoryLayout {
    let files: [RemoteFile]
    let repository: String
    let variant: FileSelection.Variant

    static let index = "model_index.json"
    /// Components that a pipeline can run without.
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
        // A VAE exported to IR has two folders, which the index does not always name.
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
                repository: repository, reason: "it has no files of the components in its model_index.json")
        }
        var (chosen, notes) = try await choose(components, besides: [index], isCached: isCached, read: read)
        let missing = exported.isEmpty ? names.filter { folders[$0] == nil } : []
        notes += missing.map { "the repository has no files of the component '\($0)' in model_index.json" }
        chosen.sort { $0.path < $1.path }
        return (chosen, notes)
    }

    /// Names of the components for which `model_index.json` has a class.
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
                notes.append("\(component.place) is skipped: its weights exist only as \(found.joined(separator: ", "))")
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
                ? ["f16 weights are selected; --variant full selects those in full precision"] : []
        case .full:
            let others = forms.subtracting([""])
            return others.isEmpty
                ? [] : ["some components have no full weights; selected instead: \(others.sorted().joined(separator: ", "))"]
        case .named(let name):
            let others = taken.filter { $0.value != name }.keys.sorted()
            return others.isEmpty ? [] : ["no variant '\(name)' of \(others.joined(separator: ", ")): full weights selected"]
        }
    }
}
