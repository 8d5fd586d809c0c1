import Evaluation
import Imaging
import Testing

struct SSIMTests {
    @Test func isScikitImages() throws {
        for golden in try PictureCase.all() {
            let found = try SSIM.between(golden.picture("a"), golden.picture("b"))
            #expect(abs(found - golden.ssim) < 1e-9, "\(golden.name): \(found), the reference has \(golden.ssim)")
        }
    }

    @Test func equalPicturesGiveOne() throws {
        let golden = try #require(try PictureCase.all().first)
        #expect(abs(try SSIM.between(golden.picture("a"), golden.picture("a")) - 1) < 1e-12)
    }

    @Test func refusals() throws {
        let small = try RGBImage(width: 10, height: 40)
        #expect(throws: EvaluationError.tooSmall(width: 10, height: 40, minimum: 11, measure: "SSIM")) {
            try SSIM.between(small, small)
        }
        let other = try RGBImage(width: 11, height: 40)
        #expect(throws: EvaluationError.self) { try SSIM.between(small, other) }
    }
}
