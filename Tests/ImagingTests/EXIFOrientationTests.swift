import Testing

@testable import Imaging

struct EXIFOrientationTests {
    /// A directory of one entry in either byte order.
    @Test(arguments: 1...8)
    func readsBothByteOrders(value: UInt8) {
        let little: [UInt8] = [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, value, 0, 0, 0]
        let big: [UInt8] = [0x4D, 0x4D, 0, 0x2A, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0]
        #expect(EXIFOrientation(exif: little)?.rawValue == Int(value))
        #expect(EXIFOrientation(exif: big)?.rawValue == Int(value))
        // The value's last two bytes are padding.
        for count in 0..<20 { #expect(EXIFOrientation(exif: Array(little[..<count])) == nil) }
    }

    @Test func nonsenseIsNoOrientation() {
        #expect(EXIFOrientation(exif: [0x49, 0x49, 0x2A, 0, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0]) == nil)
        #expect(EXIFOrientation(exif: [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, 9, 0, 0, 0]) == nil)
        #expect(EXIFOrientation(exif: [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 0xFF, 0xFF, 0x0F, 0x01, 2, 0]) == nil)
    }
}
