import Evaluation
import Foundation
import Imaging

/// The files of a comparison in one folder: contact sheet, page and pictures.
public struct ComparisonFiles {
    private let folder: URL
    /// The largest number of rows of the sheet and of pairs on the page: larger files are slow to show.
    private static let shownPairs = 32

    public var sheetPath: String { folder.appending(path: "contact-sheet.png").relativePath }
    public var pagePath: String { folder.appending(path: "comparison.html").relativePath }

    /// Creates the folder, and checks that it is writable.
    /// - Throws: `ImageError`.
    public init(folder: String) throws {
        self.folder = URL(filePath: folder)
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        try checkWritable(path: sheetPath)
        try checkWritable(path: pagePath)
    }

    func write(_ report: ComparisonReport, _ measures: ComparisonMeasures) throws {
        for (job, name) in [(measures.baseline, "baseline"), (measures.candidate, "candidate")] {
            let target = folder.appending(path: name)
            try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
            for index in job.prompts.indices {
                let bytes = try Data(contentsOf: URL(filePath: job.picturePath(index)))
                let file = "\(OutputFiles.slug(job.prompts[index]))-\(job.seed &+ UInt64(index)).png"
                try writeAtomically(Array(bytes), to: target.appending(path: file).relativePath)
            }
        }
        let shown = report.prompts.prefix(Self.shownPairs)
        let pairs = try shown.enumerated().map { index, result in
            let (a, b) = try measures.pictures(index)
            let psnr = result.psnr.map { String(format: "%.2f dB", $0) } ?? "equal"
            return ComparisonReport.PicturePair(
                caption: "\(result.prompt), seed \(result.seed): \(psnr)", baseline: a, candidate: b)
        }
        try ContactSheet().picture(of: pairs.map { [$0.baseline, $0.candidate] }).write(to: sheetPath)
        let page = try report.html(title: "\(report.baseline) and \(report.candidate)", pictures: pairs)
        try writeAtomically(Array(page.utf8), to: pagePath)
    }
}
