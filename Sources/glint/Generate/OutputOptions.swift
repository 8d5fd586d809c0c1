public import ArgumentParser
public import Imaging
import Workflows

struct OutputOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "A file, or a folder for files named after the text: a name that ends in a slash, or for several pictures has no ending. A "
                + "missing folder is created. (default: ./<text>-<seed>.png)", valueName: "file|folder"))
    var output: String?
    @Option(help: "png, jpg, jpeg or webp. (default: by the output's name, else png)") var format: String?
    @Option(help: "Quality of JPEG and WebP, 1 to 100.") var quality = 95

    func validate() throws {
        if output?.isEmpty == true { throw ValidationError("--output must name a file or a folder; it is empty.") }
        if let format, ImageFormat(fileExtension: format).map(ImageFormat.written.contains) != true {
            throw ValidationError("\(OutputFilesError.format(format))")
        }
        if !(1...100).contains(quality) { throw ValidationError("--quality must be from 1 to 100; it is \(quality).") }
    }

    var files: OutputFiles.Options { .init(path: output, format: format, quality: quality) }
}

struct PreviewOptions: ParsableArguments {
    @Option(
        name: .customLong("preview"),
        help: ArgumentHelp("Write a preview after each step but the last to this folder.", valueName: "folder"))
    var folder: String?
    @Option(
        name: .customLong("preview-vae"),
        help: ArgumentHelp(
            "A small autoencoder for quick previews, such as TAESD. (default: the model's)", valueName: "folder|file"))
    var vae: String?

    func validate() throws {
        if folder?.isEmpty == true { throw ValidationError("--preview must name a folder; it is empty.") }
        if folder == nil, vae != nil { throw ValidationError("--preview-vae is for --preview; give --preview too.") }
    }
}

struct PromptBatchOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Draw all texts of a file, one on each line, or JSON Lines with \"prompt\" and options of the line: "
                + PromptLine.keys.filter { $0 != "prompt" }.joined(separator: ", ")
                + ". Pictures that exist are kept.", valueName: "file"))
    var prompts: String?
    @Flag(help: "Draw pictures of --prompts again that exist already.") var redraw = false

    func validate() throws {
        if redraw, prompts == nil { throw ValidationError("--redraw goes with --prompts.") }
    }
}
