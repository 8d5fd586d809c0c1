/// A format of sound files, or a container that can hold sound.
public enum AudioFormat: String, Sendable, Hashable, CaseIterable {
    case wav, w64, aiff, au, caf, flac, ogg, mp3
    case mp4, matroska, asf, avi, flv, mpegTS, mpegPS, aac, ac3, amr, ape, wavPack

    /// Formats that libsndfile reads; ffmpeg reads the others.
    static let direct: Set<AudioFormat> = [.wav, .w64, .aiff, .au, .caf, .flac, .ogg, .mp3]

    /// The number of first bytes that tell a format.
    static let signatureLength = 192

    /// The format that `bytes` begin with; nil if they begin with no known signature.
    public init?(signatureOf bytes: some Sequence<UInt8>) {
        let start = Array(bytes.prefix(Self.signatureLength))
        guard let format = Self.allCases.first(where: { $0.isSigned(start) }) else { return nil }
        self = format
    }

    private func isSigned(_ start: [UInt8]) -> Bool {
        func has(_ text: String, at offset: Int = 0) -> Bool { start.dropFirst(offset).starts(with: text.utf8) }
        func has(_ bytes: [UInt8]) -> Bool { start.starts(with: bytes) }
        return switch self {
        case .wav: ["RIFF", "RIFX", "RF64"].contains { has($0) } && has("WAVE", at: 8)
        case .w64: has("riff") && has([0x72, 0x69, 0x66, 0x66, 0x2E, 0x91, 0xCF, 0x11])
        case .aiff: has("FORM") && (has("AIFF", at: 8) || has("AIFC", at: 8))
        case .au: has(".snd")
        case .caf: has("caff")
        case .flac: has("fLaC")
        case .ogg: has("OggS")
        case .mp3: has("ID3") || Self.isMPEGAudio(start)
        case .mp4: ["ftyp", "moov", "mdat", "wide"].contains { has($0, at: 4) }
        case .matroska: has([0x1A, 0x45, 0xDF, 0xA3])
        case .asf: has([0x30, 0x26, 0xB2, 0x75])
        case .avi: has("RIFF") && has("AVI ", at: 8)
        case .flv: has("FLV\u{1}")
        case .mpegTS: start.count > 188 && start[0] == 0x47 && start[188] == 0x47
        case .mpegPS: has([0, 0, 1, 0xBA])
        case .aac: has("ADIF") || start.count > 1 && start[0] == 0xFF && start[1] & 0xF6 == 0xF0
        case .ac3: has([0x0B, 0x77])
        case .amr: has("#!AMR")
        case .ape: has("MAC ")
        case .wavPack: has("wvpk")
        }
    }

    /// A frame's header of MPEG layer I, II or III: all bits of the sync word, and no reserved value.
    private static func isMPEGAudio(_ start: [UInt8]) -> Bool {
        guard start.count >= 4, start[0] == 0xFF, start[1] & 0xE0 == 0xE0 else { return false }
        let (version, layer) = (start[1] >> 3 & 3, start[1] >> 1 & 3)
        let (bitRate, sampleRate) = (start[2] >> 4, start[2] >> 2 & 3)
        return version != 1 && layer != 0 && bitRate != 0 && bitRate != 15 && sampleRate != 3
    }
}

extension AudioFormat: CustomStringConvertible {
    public var description: String {
        switch self {
        case .wav, .aiff, .flac, .asf, .avi, .flv, .aac, .amr: rawValue.uppercased()
        case .au: "Sun AU"
        case .caf: "Core Audio file"
        case .w64: "Wave64"
        case .ogg: "Ogg"
        case .mp3: "MP3"
        case .mp4: "MP4 (m4a, mov)"
        case .matroska: "Matroska or WebM"
        case .mpegTS: "MPEG transport stream"
        case .mpegPS: "MPEG program stream"
        case .ac3: "AC-3"
        case .ape: "Monkey's Audio"
        case .wavPack: "WavPack"
        }
    }
}
