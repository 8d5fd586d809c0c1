import Imaging
import Testing

@Suite struct GrayImageTests {
    @Test func graysStayWhatTheyAre() throws {
        let grays = (0...255).map { UInt8($0) }
        let picture = try RGBImage(width: 16, height: 16, bytes: grays.flatMap { [$0, $0, $0] })
        #expect(GrayImage(picture).bytes == grays)
    }

    @Test func coloursWeighAsMuchAsTheyAreBright() throws {
        let picture = try RGBImage(width: 3, height: 1, bytes: [255, 0, 0, 0, 255, 0, 0, 0, 255])
        #expect(GrayImage(picture).bytes == [76, 150, 29])
    }

    @Test(arguments: [(0, 1, 0), (2, 2, 3), (-1, -1, 1), (.max, .max, 1), (2, 2, 12)])
    func otherNumbersOfBytesAreRefused(_ width: Int, _ height: Int, _ count: Int) {
        #expect(throws: ImageError.self) {
            try GrayImage(width: width, height: height, bytes: [UInt8](repeating: 0, count: count))
        }
    }
}
