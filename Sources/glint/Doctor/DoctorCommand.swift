import ArgumentParser
import Workflows

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Tell what is wrong or slow on this machine, and what to do.",
        discussion: "Ends with 1 where something does not work, and with 0 otherwise.")

    @Flag(help: "Print one JSON list instead of text.") var json = false

    func run() throws {
        let findings = MachineState.current().findings
        if json {
            try print(jsonText(findings))
        } else if findings.isEmpty {
            try print("Nothing was found that is wrong or slow.")
        } else {
            try print(findings.map(\.text).joined(separator: "\n\n"))
        }
        if findings.contains(where: { $0.severity == .broken }) { throw ExitCode.failure }
    }
}

extension MachineFinding {
    fileprivate var text: String { "\(severity.rawValue): \(found)\n  cost: \(cost)\n  do:   \(remedy)" }
}
