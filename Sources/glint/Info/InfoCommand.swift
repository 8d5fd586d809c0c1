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
            print(try jsonText(report))
            return
        }
        print(
            "OpenVINO \(report.openVINO)\n\(report.processor), \(report.cores) cores, \(format(bytes: report.memoryBytes)) of memory"
        )
        print("vector units: \(report.vectorUnits.isEmpty ? "none" : report.vectorUnits.joined(separator: " "))")
        print("\(report.int8Note)\n\(report.precisionNote)\n")
        for device in report.devices {
            print("\(device.name): \(device.fullName)")
            print("  precisions: \(device.capabilities.joined(separator: " "))")
        }
    }
}
