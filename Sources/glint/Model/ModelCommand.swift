import ArgumentParser
import Foundation
import Workflows

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Show the components of a model, and whether it can be run.")

    @Argument(
        help: ArgumentHelp(
            "A folder in diffusers' layout or of IR, a .safetensors file, or the name of one that was pulled. (default: the "
                + "repository's emoji-lcm)", valueName: "folder|file|owner/name"))
    var model: String?
    @OptionGroup(title: "Encryption") var keys: KeyOptions
    @Flag(help: "Print one JSON object instead of text.") var json = false

    func run() throws {
        try keys.install()
        let report = try ModelReport(ModelLocation.resolve(model))
        if json {
            try print(jsonText(report))
            return
        }
        try print("\(report.pipeline) in \(report.path)\n")
        var table = TextTable(columns: ["", "class", "parameters", "precision", "size"])
        for component in report.components {
            table.add([
                component.name, component.className,
                component.parameters.map { String(format: "%.2f M", Double($0) / 1e6) } ?? "",
                component.precisions.joined(separator: ", "), component.bytes.map { format(bytes: $0) } ?? "",
            ])
        }
        try print(table.text)
        for note in report.notes { try print("\nnote: \(note)") }
    }
}
