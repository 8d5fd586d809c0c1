import Evaluation
import Foundation
import Imaging
import Testing

struct ComparisonReportTests {
    private var report: ComparisonReport {
        var report = ComparisonReport(baseline: "FP16", candidate: "INT8")
        report.sizes = [.init(component: "unet", baselineBytes: 1_720_000_000, candidateBytes: 860_000_000)]
        report.latencies = [.init(name: "step", baselineSeconds: 3, candidateSeconds: 2)]
        report.quality = [.init(measure: "PSNR (dB)", values: [30, 34, .infinity])]
        return report
    }

    @Test func ratesAndSpread() {
        #expect(report.sizes[0].compressionRate == 2)
        #expect(report.latencies[0].speedUp == 1.5)
        let quality = report.quality[0]
        #expect(quality.mean == 32 && quality.count == 2 && quality.equalCount == 1 && quality.leftOut == "1 equal")
        #expect(abs((quality.standardDeviation ?? 0) - 8.0.squareRoot()) < 1e-12)
        let none = ComparisonReport.Quality(measure: "x", values: [.nan])
        #expect(none.mean == nil && none.standardDeviation == nil && none.undefinedCount == 1)
        #expect(ComparisonReport.Size(component: "x", baselineBytes: 1, candidateBytes: 0).compressionRate == nil)
        #expect(ComparisonReport.Latency(name: "x", baselineSeconds: 1, candidateSeconds: 0).speedUp == nil)
    }

    @Test func figuresShowWhatCounts() {
        #expect(report.figure(49.5252) == "49.53" && report.figure(0.654, like: 49.5) == "0.65")
        #expect(report.figure(0.99824) == "0.99824" && report.figure(nil) == "–" && report.figure(.infinity) == "–")
    }

    @Test func jsonNamesUnits() throws {
        let data = try JSONEncoder().encode(report)
        #expect(try JSONDecoder().decode(ComparisonReport.self, from: data) == report)
        let text = String(decoding: data, as: UTF8.self)
        for key in [
            "baseline_bytes", "candidate_bytes", "compression_rate", "baseline_seconds", "candidate_seconds", "speed_up",
            "equal_count",
        ] {
            #expect(text.contains("\"\(key)\""))
        }
    }

    @Test func pageStandsAlone() throws {
        let picture = try RGBImage(width: 2, height: 2, filledWith: RGBPixel(red: 9, green: 8, blue: 7))
        let page = try report.html(
            title: "A & B", pictures: [.init(caption: "<script>\"x\"</script><\u{301}b>", baseline: picture, candidate: picture)])
        for row in [
            "<td class=\"text\">unet</td><td>1720.00</td><td>860.00</td><td>2.000</td>",
            "<td class=\"text\">step</td><td>3.000</td><td>2.000</td><td>1.500</td>",
            "<td class=\"text\">PSNR (dB)</td><td>32.00</td><td>2.83</td><td>2</td><td>1 equal</td>",
        ] { #expect(page.contains(row), "\(row)") }
        #expect(page.contains("A &amp; B") && page.contains("&lt;script&gt;&quot;x&quot;&lt;/script&gt;"))
        #expect(page.contains("&lt;\u{301}b&gt;"))
        #expect(!page.contains("<script") && !page.contains("http"))

        // Every source is a PNG within the page, with the picture's pixels.
        let sources = page.components(separatedBy: "src=\"").dropFirst().map { $0.components(separatedBy: "\"")[0] }
        #expect(sources.count == 2)
        for source in sources {
            #expect(source.hasPrefix("data:image/png;base64,"))
            let data = try #require(Data(base64Encoded: String(source.dropFirst("data:image/png;base64,".count))))
            #expect(try ImageFile(bytes: [UInt8](data), file: "inline").image == picture)
        }
    }
}
