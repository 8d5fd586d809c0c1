import Evaluation
import Imaging
import Testing

struct ContactSheetTests {
    private let red = RGBPixel(red: 255, green: 0, blue: 0)
    private let blue = RGBPixel(red: 0, green: 0, blue: 255)

    @Test func rowsAndColumns() throws {
        var sheet = ContactSheet()
        sheet.separation = 2
        let small = try RGBImage(width: 3, height: 2, filledWith: red)
        let large = try RGBImage(width: 5, height: 4, filledWith: blue)
        let picture = try sheet.picture(of: [[small, small], [large, small]])
        #expect(picture.width == 5 + 2 + 3 && picture.height == 2 + 2 + 4)
        for y in 0..<picture.height {
            for x in 0..<picture.width {
                let isRed = (y < 2 && (x < 3 || x >= 7)) || (4..<6 ~= y && x >= 7)
                let expected = isRed ? red : y >= 4 && x < 5 ? blue : sheet.background
                #expect(picture[x, y] == expected, "(\(x), \(y))")
            }
        }
    }

    @Test func refusals() throws {
        let picture = try RGBImage(width: 1, height: 1)
        #expect(throws: EvaluationError.self) { try ContactSheet().picture(of: []) }
        #expect(throws: EvaluationError.self) { try ContactSheet().picture(of: [[]]) }
        #expect(throws: EvaluationError.count(what: "pictures in a row", expected: 1, found: 2)) {
            try ContactSheet().picture(of: [[picture], [picture, picture]])
        }
    }
}
