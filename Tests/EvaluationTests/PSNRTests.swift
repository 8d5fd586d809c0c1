import Evaluation
import Foundation
import Imaging
import TensorStore
import TestSupport
import Testing

/// A pair of pictures and what scikit-image says of it.
struct PictureCase: Decodable {
    let name: String
    let psnr: Double
    let ssim: Double

    static func all() throws -> [PictureCase] {
        try JSONDecoder().decode([PictureCase].self, from: Data(contentsOf: Goldens.url("Evaluation/pictures.json")))
    }

    func picture(_ letter: String) throws -> RGBImage {
        let tensor = try SafetensorsCheckpoint(path: Goldens.url("Evaluation/pictures.safetensors").path)
            .tensor(named: "\(name).\(letter)")
        return try RGBImage(width: tensor.shape[1], height: tensor.shape[0], bytes: tensor.elements())
    }
}

struct PSNRTests {
    @Test func isScikitImages() throws {
        for golden in try PictureCase.all() {
            let found = try PSNR.between(golden.picture("a"), golden.picture("b"))
            #expect(abs(found - golden.psnr) < 1e-9, "\(golden.name)")
        }
    }

    @Test func equalPicturesAreInfinitelyClose() throws {
        let picture = try RGBImage(width: 3, height: 2, filledWith: RGBPixel(red: 1, green: 2, blue: 3))
        #expect(try PSNR.between(picture, picture) == .infinity)
    }

    @Test func samplesOfAnyPeak() throws {
        // A difference of 1/10 of the peak is 20 dB.
        #expect(abs(try PSNR.between([0, 1], [0.2, 0.8], peak: 2) - 20) < 1e-5)
        #expect(try PSNR.between([.nan], [0], peak: 1).isNaN)
    }

    @Test func refusals() throws {
        let picture = try RGBImage(width: 3, height: 2)
        let other = try RGBImage(width: 2, height: 3)
        #expect(throws: EvaluationError.pictureSize(width: 3, height: 2, other: (2, 3))) { try PSNR.between(picture, other) }
        #expect(throws: EvaluationError.count(what: "samples", expected: 2, found: 1)) {
            try PSNR.between([0, 1], [0], peak: 1)
        }
        #expect(throws: EvaluationError.count(what: "samples", expected: 1, found: 0)) { try PSNR.between([], [], peak: 1) }
    }
}
