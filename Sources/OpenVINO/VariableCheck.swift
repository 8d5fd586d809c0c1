import Foundation

/// Refuses IR text with a `ReadValue` or `Assign` that has no `variable_id`: the runtime's reader ends the process on one.
enum VariableCheck {
    /// Checks a file if it begins as XML does; one that is missing is left for the runtime to report.
    static func check(path: String) throws(OpenVINOError) {
        guard let text = try? Data(contentsOf: URL(filePath: path), options: .alwaysMapped) else { return }
        let failure: OpenVINOError? = text.withUnsafeBytes { (bytes) -> OpenVINOError? in
            guard XMLTags.looksLikeXML(bytes) else { return nil }
            do throws(OpenVINOError) { try check(bytes, model: path) } catch { return error }
            return nil
        }
        if let failure { throw failure }
    }

    /// - Parameter model: how messages call it.
    static func check(_ text: UnsafeRawBufferPointer, model: String) throws(OpenVINOError) {
        guard !XMLTags.isWide(text) else { throw .encoding(model: model) }
        // The name of the layer that still lacks its variable.
        var pending: String?
        var tags = XMLTags(text)
        while let tag = tags.next() {
            switch tag.name {
            case "data":
                if let id = tag["variable_id"], !id.isEmpty { pending = nil }
            case "layer", "/layer":
                if let pending { throw .missingVariableID(layer: pending, model: model) }
                guard tag.name == "layer", let type = tag["type"] else { continue }
                // A type that is written with character references can't be told here.
                if ["ReadValue", "Assign"].contains(type) || type.contains("&") { pending = tag["name"] ?? "" }
            default: break
            }
        }
        if let pending { throw .missingVariableID(layer: pending, model: model) }
    }
}
