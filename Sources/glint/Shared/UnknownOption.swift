import ArgumentParser
import Foundation
import TensorStore

/// The message for an option that a command does not have.
enum UnknownOption {
    /// The names that other programs give to options.
    private static let otherNames = [
        "cfg": "guidance-scale", "cfg-scale": "guidance-scale", "guidance": "guidance-scale", "sampler": "scheduler",
        "sampling-method": "scheduler", "num-inference-steps": "steps", "init-img": "image", "init-image": "image",
        "denoising-strength": "strength", "num-images": "count", "batch-count": "count", "lora-model-dir": "lora-dir",
    ]

    /// The message with the nearest options of ours. The parser's own suggestion goes by spelling alone, and so finds `--seed` for
    /// `--neg`.
    static func corrected(_ message: String) -> String {
        if let found = message.firstMatch(of: #/Missing value for '(--[a-z0-9-]+)[^'\n]*'/#),
            let value = value(after: String(found.1))
        {
            return message.replacingCharacters(
                in: found.range, with: "\(found.0); a value that begins with a dash is given as \(found.1)=\(value)")
        }
        guard let found = message.firstMatch(of: #/Unknown option '--([^'\n]*)'(\. Did you mean '[^'\n]*'\?)?/#) else {
            return message
        }
        let word = String(found.1)
        let known = options(CommandLine.arguments.dropFirst())
        let other = otherNames[word.lowercased()].flatMap { known.contains($0) ? [$0] : nil }
        let near = (other ?? nearest(to: word, among: known)).map { "'--\($0)'" }
        let hint = near.isEmpty ? "" : ". Did you mean \(near.joined(separator: " or "))?"
        return message.replacingCharacters(in: found.range, with: "Unknown option '--\(word)'\(hint)")
    }

    /// The argument after an option, where it begins with a dash as a negative number or a file's name does.
    private static func value(after option: String) -> String? {
        let arguments = CommandLine.arguments
        guard let index = arguments.firstIndex(of: option), index + 1 < arguments.count else { return nil }
        let next = arguments[index + 1]
        return next.hasPrefix("-") && !next.hasPrefix("--") && next.count > 1 ? next : nil
    }

    /// The long names of the options of the command that the arguments begin with.
    private static func options(_ arguments: some Sequence<String>) -> [String] {
        var command: any ParsableCommand.Type = Glint.self
        for argument in arguments {
            guard let next = command.configuration.subcommands.first(where: { $0._commandName == argument }) else { break }
            command = next
        }
        let names = command.helpMessage(columns: 500).matches(of: #/--([a-z][a-z0-9-]*)/#).map { String($0.1) }
        return Set(names).sorted()
    }
}

extension String {
    fileprivate func replacingCharacters(in range: Range<Index>, with text: String) -> String {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }
}
