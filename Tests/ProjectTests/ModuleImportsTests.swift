import Foundation
import TestSupport
import Testing

/// The table of modules in ARCHITECTURE.md, and the imports of the sources.
private struct ModuleTable {
    /// In the table's order, lowest first: a module, and the modules of the project that it may import.
    let rows: [(module: String, imports: Set<String>)]

    /// Reads rows such as `` | `Inference` | … | `OpenVINO`, `TensorStore` | ``.
    init(_ text: String) {
        rows = text.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
            guard cells.count == 5, let module = Self.names(cells[1]).first, Self.names(cells[1]).count == 1 else { return nil }
            return (module, Set(Self.names(cells[3])))
        }
    }

    private static func names(_ cell: Substring) -> [String] {
        cell.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
            .map { String($0.element) }
    }

    /// Imports of a module's source that the table does not allow.
    func violations(in source: String, of module: String) -> [String] {
        let modules = Set(rows.map(\.module))
        let allowed = rows.first { $0.module == module }?.imports ?? []
        return source.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count >= 2, words.prefix(2).contains("import"), let name = words.last.map(String.init) else { return nil }
            return modules.contains(name) && !allowed.contains(name) ? name : nil
        }
    }
}

@Suite struct ModuleImportsTests {
    private func table() throws -> ModuleTable {
        ModuleTable(try String(contentsOf: Goldens.repository.appending(path: "ARCHITECTURE.md"), encoding: .utf8))
    }

    @Test func noModuleImportsOneBelowItInTheTable() throws {
        let table = try table()
        #expect(table.rows.count == 18)
        var above: Set<String> = []
        for row in table.rows {
            #expect(row.imports.isSubset(of: above), "\(row.module) imports \(row.imports.subtracting(above).sorted())")
            above.insert(row.module)
        }
    }

    @Test func sourcesImportWhatTheTableAllows() throws {
        let table = try table()
        for (module, _) in table.rows {
            let sources = try swiftFiles(in: "Sources/\(module)")
            #expect(!sources.isEmpty, "\(module) has no sources")
            for file in sources {
                let found = table.violations(in: try String(contentsOf: file, encoding: .utf8), of: module)
                #expect(found.isEmpty, "\(module): \(file.lastPathComponent) imports \(found)")
            }
        }
    }

    @Test func anImportAgainstTheTableIsFound() {
        let table = ModuleTable("| `A` | low | |\n| `B` | high | `A` |\n")
        #expect(table.violations(in: "import Foundation\npublic import B\n", of: "A") == ["B"])
        #expect(table.violations(in: "@testable import A\nimport A\n", of: "B") == [])
    }
}

@Suite struct PlainWordsTests {
    /// A doc comment begins with a noun or a verb.
    @Test func noDocCommentBeginsWithARelativeClause() throws {
        for file in try swiftFiles(in: "Sources") {
            for (number, line) in try String(contentsOf: file, encoding: .utf8).split(separator: "\n").enumerated() {
                let text = line.drop { $0 == " " }
                let isBad = ["/// What ", "/// Whoever ", "/// Where "].contains { text.hasPrefix($0) }
                #expect(!isBad, "\(file.lastPathComponent), non-empty line \(number + 1): \(text)")
            }
        }
    }
}

/// The Swift files in a folder of the repository.
private func swiftFiles(in folder: String) throws -> [URL] {
    let url = Goldens.repository.appending(path: folder)
    let paths = try FileManager.default.subpathsOfDirectory(atPath: url.path)
    return paths.filter { $0.hasSuffix(".swift") }.map { url.appending(path: $0) }
}
