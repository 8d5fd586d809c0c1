import ArgumentParser
import Foundation
import Workflows

struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Show the devices, the processor and the versions of this machine.")

    @Flag(help: "Print one JSON object instead of text.") var json = false

    func run() throws {
        let report = try MachineReport()
        if json {
            try print(jsonText(report))
            return
        }
        try print(
            "OpenVINO \(report.openVINO)\n\(report.processor), \(report.cores) cores, \(format(bytes: report.memoryBytes)) of memory"
        )
        try print("vector units: \(report.vectorUnits.isEmpty ? "none" : report.vectorUnits.joined(separator: " "))")
        try print("\(report.int8Note)\n\(report.precisionNote)\n")
        for device in report.devices {
            try print("\(device.name): \(device.fullName)")
            try print("  precisions: \(device.capabilities.joined(separator: " "))")
        }
    }
}
