import Audio
import Testing

@Suite struct AudioFormatTests {
    @Test(arguments: [
        ("pcm16.wav", AudioFormat.wav), ("float.wav", .wav), ("stereo.flac", .flac), ("tone.ogg", .ogg), ("tone.opus", .ogg),
        ("tone.mp3", .mp3), ("tone.m4a", .mp4), ("tone.webm", .matroska),
    ])
    func filesAreKnownByTheirContent(name: String, format: AudioFormat) throws {
        #expect(AudioFormat(signatureOf: try Sound.bytes(name)) == format)
    }

    private static let signatures: [(bytes: [UInt8], format: AudioFormat?)] = [
        ([0xFF, 0xFB, 0x90, 0x00], .mp3), // layer III, 128 kbit/s
        ([0xFF, 0xFD, 0x90, 0x00], .mp3), // layer II
        ([0xFF, 0xF1, 0x50, 0x80], .aac),
        ([0xFF, 0xFB, 0xF0, 0x00], nil), // a reserved bit rate
        ([0xFF, 0xFB], nil),
        ([0xFF, 0xD8, 0xFF, 0xE0], nil),
        ([], nil),
        (Array("RIFF\0\0\0\0WEBP".utf8), nil),
        (Array("RIFF\0\0\0\0AVI ".utf8), .avi),
        (Array("FORM\0\0\0\0AIFC".utf8), .aiff),
        (Array("RF64\0\0\0\0WAVE".utf8), .wav),
        ((0...188).map { $0 % 188 == 0 ? 0x47 : 0 }, .mpegTS),
        (Array("#!AMR-WB\n".utf8), .amr),
        (Array("#!/bin/sh\n".utf8), nil),
    ]

    @Test func signaturesAreToldApart() {
        for (bytes, format) in Self.signatures { #expect(AudioFormat(signatureOf: bytes) == format, "\(bytes)") }
    }

    @Test func everyFormatHasAName() {
        #expect(Set(AudioFormat.allCases.map(\.description)).count == AudioFormat.allCases.count)
    }
}
