import Foundation
import TestSupport
import Testing

@testable import Audio

@Suite struct FFmpegTests {
    static let isInstalled = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .contains { FileManager.default.isExecutableFile(atPath: "\($0)/ffmpeg") }

    @Test(.enabled(if: isInstalled, "ffmpeg is not installed"), arguments: ["tone.m4a", "tone.webm"])
    func otherFormatsAreDecoded(name: String) throws {
        let reader = try AudioReader(path: Sound.path(name))
        #expect(reader.sourceChannels == 1)
        #expect(try #require(reader.declaredSeconds) > 0.05)
        let samples = try reader.samples(limit: 10)
        #expect(1100...3000 ~= samples.count)
        // The tone is 440 Hz played at twice the speed, at half of full scale.
        let level = samples.reduce(0) { $0 + Double($1 * $1) } / Double(samples.count)
        #expect(0.05...0.15 ~= level)
    }

    /// The name is not the program's to interpret.
    @Test(
        .enabled(if: isInstalled, "ffmpeg is not installed"), arguments: ["-i.m4a", "concat:a|b.m4a", "a 'b' $(c).wav", "%d.m4a"])
    func namesAreNotInterpreted(name: String) throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("sound", try Sound.bytes("tone.m4a"))
        try FileManager.default.moveItem(atPath: file.path, toPath: folder.path + "/" + name)
        #expect(try AudioReader(path: folder.path + "/" + name).samples(limit: 1).count > 1000)
    }

    @Test(.enabled(if: isInstalled, "ffmpeg is not installed")) func damagedContainersAreErrors() throws {
        let bytes = try Sound.bytes("tone.m4a")
        #expect {
            try AudioReader(bytes: Array(bytes.prefix(200)), name: "cut.m4a").samples(limit: 1)
        } throws: {
            guard case AudioError.corrupt("cut.m4a", .mp4, let reason) = $0 else { return false }
            return reason.hasPrefix("ffmpeg says")
        }
        #expect {
            try AudioReader(bytes: (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 177 >> 3 | 1) }, name: "a").samples(limit: 1)
        } throws: {
            if case AudioError.corrupt("a", nil, _) = $0 { true } else { false }
        }
    }

    // MARK: Programs in its place

    private func decoder(_ script: String, patience: Int = 60) throws -> FFmpeg {
        try FFmpeg(
            InputFile(path: Sound.path("tone.m4a")), program: "/bin/sh", arguments: ["-c", script], patience: patience)
    }

    private static let header = #"printf '.snd\0\0\0\034\377\377\377\377\0\0\0\006\0\0\037\100\0\0\0\002\0\0\0\0'"#

    private func read(_ decoder: FFmpeg) throws -> [Float] {
        var samples = [Float](repeating: .nan, count: 7)
        let count = try samples.withUnsafeMutableBufferPointer { try decoder.read(into: $0) }
        return Array(samples.prefix(count * decoder.channels))
    }

    @Test func framesAreReadInTheirOrder() throws {
        let decoder = try decoder(
            #"echo '[info]   Duration: 01:02:03.50, start: 0' >&2; "# + Self.header
                + #"; printf '\077\200\0\0\277\0\0\0'; sleep 0.05; printf '\0\0\0\0\0\0\0\0\077'"#)
        #expect((decoder.rate, decoder.channels, decoder.seconds) == (8000, 2, 3723.5))
        // Less than a frame is left out at the end.
        #expect(try read(decoder) == [1, -0.5, 0, 0])
        #expect(try read(decoder) == [])
    }

    @Test func aProgramThatIsMissingIsNamed() throws {
        #expect(throws: AudioError.ffmpegMissing(file: Sound.path("tone.m4a"), .mp4)) {
            try FFmpeg(InputFile(path: Sound.path("tone.m4a")), program: "/nonexistent/ffmpeg")
        }
    }

    @Test(arguments: ["", header + "; "]) func aProgramThatHangsIsEnded(start: String) throws {
        #expect(throws: AudioError.ffmpegStalled(file: Sound.path("tone.m4a"), seconds: 1)) {
            try read(decoder(start + "exec sleep 100", patience: 1))
        }
    }

    @Test func filmsWithoutSoundAreNamed() throws {
        #expect(throws: AudioError.noTrack(file: Sound.path("tone.m4a"), .mp4)) {
            try decoder("echo \"[fatal] Stream map '0:a:0' matches no streams.\" >&2; exit 1")
        }
    }

    @Test(arguments: [header + "; exit 3", "exit 3", "echo '[error] broken' >&2", "head -c 100 /dev/zero", "printf .snd"])
    func failuresAreErrors(script: String) throws {
        #expect {
            try read(decoder(script))
        } throws: {
            if case AudioError.corrupt(Sound.path("tone.m4a"), .mp4, _) = $0 { true } else { false }
        }
    }

    /// More messages than a pipe holds do not stop the program.
    @Test func messagesAreReadMeanwhile() throws {
        let decoder = try decoder("head -c 1000000 /dev/zero >&2; " + Self.header + #"; printf '\077\200\0\0\277\0\0\0'"#)
        #expect(try read(decoder) == [1, -0.5])
    }

    @Test(arguments: [
        ("  Duration: 00:00:10.03, start: 0.0", 10.03), ("Duration: N/A, start", nil), ("Duration: 1:2", nil), ("", nil),
        ("Duration: 00:00:nan, ", nil), ("Duration: -1:00:00, ", nil),
    ])
    func durations(text: String, seconds: Double?) { #expect(FFmpeg.seconds(in: Array(text.utf8)) == seconds) }
}
